#include "safetensors.hpp"

#include <ppdl/base/check.hpp>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

namespace ppdl::safetensors {

namespace {

constexpr std::string_view kBeforeSum = "\"sha256\":\"";
constexpr std::size_t kSumDigits = 64;

/// The header's JSON and no other: an object of tensors and of strings by name, without nesting beyond that.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  void expect(char wanted) { check(take(wanted), "header: expected '", wanted, "' at byte ", place_); }

  /// Whether the next character is this one; then it is behind.
  bool take(char wanted) {
    skip_spaces();
    if (place_ == text_.size() || text_[place_] != wanted) return false;
    ++place_;
    return true;
  }

  /// A string; what stands in it as \uXXXX becomes '?', for no name that counts has any.
  std::string string() {
    expect('"');
    std::string value;
    for (char c = next(); c != '"'; c = next()) value.push_back(c == '\\' ? escaped(next()) : c);
    return value;
  }

  Index number() {
    skip_spaces();
    const std::size_t first = place_;
    Index value = 0;
    for (; place_ < text_.size() && text_[place_] >= '0' && text_[place_] <= '9'; ++place_) {
      check(value < std::numeric_limits<Index>::max() / 16, "header: a number at byte ", first, " is too large");
      value = 10 * value + (text_[place_] - '0');
    }
    check(place_ > first, "header: expected a number at byte ", first);
    return value;
  }

  std::vector<Index> numbers() {
    std::vector<Index> values;
    expect('[');
    if (take(']')) return values;
    do {
      values.push_back(number());
    } while (take(','));
    expect(']');
    return values;
  }

  /// Calls `entry(name)`, which reads the value, for each entry of an object.
  template <class Entry>
  void object(const Entry& entry) {
    expect('{');
    if (take('}')) return;
    do {
      std::string name = string();
      expect(':');
      entry(std::move(name));
    } while (take(','));
    expect('}');
  }

  void expect_end() {
    skip_spaces();
    check(place_ == text_.size(), "header: expected its end at byte ", place_);
  }

 private:
  void skip_spaces() {
    while (place_ < text_.size() && std::string_view(" \t\r\n").find(text_[place_]) != std::string_view::npos) ++place_;
  }

  char next() {
    check(place_ < text_.size(), "header: a string has no end");
    return text_[place_++];
  }

  char escaped(char kind) {
    constexpr std::string_view kinds = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (kind == 'u') {
      for (int digit = 0; digit < 4; ++digit) next();
      return '?';
    }
    const std::size_t found = kinds.find(kind);
    check(found != std::string_view::npos, "header: \\", kind, " at byte ", place_, " is not JSON");
    return meanings[found];
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

Tensor tensor(HeaderReader& reader, const std::string& name, std::string_view data) {
  Tensor found;
  std::vector<Index> offsets;
  reader.object([&](const std::string& key) {
    if (key == "dtype") {
      found.dtype = reader.string();
    } else if (key == "shape") {
      found.shape = reader.numbers();
    } else {
      check(key == "data_offsets", name, ": received '", key, "'; expected dtype, shape and data_offsets");
      offsets = reader.numbers();
    }
  });
  check(offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= static_cast<Index>(data.size()), name,
        ": its data_offsets are not within the ", data.size(), " bytes of data");
  found.bytes = data.substr(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(offsets[1] - offsets[0]));
  return found;
}

std::string content_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  check(stream.good(), "it cannot be read");
  std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  check(!stream.bad(), "it cannot be read");
  return content;
}

void check_sum(std::string content, const std::string& sum) {
  const std::size_t start = content.find(kBeforeSum);
  check(start != std::string::npos && sum.size() == kSumDigits, "sha256: received '", sum, "'; expected 64 digits");
  content.replace(start + kBeforeSum.size(), kSumDigits, kSumDigits, '0');
  check(sha256(content) == sum, "sha256: it is not that of the content; the file is damaged, or was changed");
}

}  // namespace

File read(const std::string& path) {
  File file{.content = content_of(path), .metadata = {}, .tensors = {}};
  const std::string_view content = file.content;
  std::uint64_t n_header = 0;
  for (std::size_t byte = 0; byte < 8 && byte < content.size(); ++byte) {
    n_header |= static_cast<std::uint64_t>(static_cast<unsigned char>(content[byte])) << 8 * byte;
  }
  check(content.size() >= 8 && n_header <= content.size() - 8, "header: received a file of ", content.size(),
        " bytes; expected a whole safetensors file");
  const std::string_view data = content.substr(8 + n_header);
  HeaderReader reader(content.substr(8, n_header));
  reader.object([&](const std::string& name) {
    if (name == "__metadata__") {
      reader.object([&](const std::string& key) { file.metadata[key] = reader.string(); });
    } else {
      file.tensors[name] = tensor(reader, name, data);
    }
  });
  reader.expect_end();
  const auto sum = file.metadata.find("sha256");
  check(sum != file.metadata.end(), "sha256: missing; the file was not written by ppdl, or by an early version");
  check_sum(file.content, sum->second);
  return file;
}

}  // namespace ppdl::safetensors
