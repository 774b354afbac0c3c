#include <ppdl/network/saved_network.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ppdl {
namespace {

constexpr std::string_view kSum = "97b98dd1de03b072ed30a1752817ad5e6f76b4d189db20b1315c6d92c359b1a4";
constexpr std::uint64_t kHeader = 424;

/// A file as Python writes it: two inputs, three rectifiers, an output; its parameters count up from -1 by quarters.
std::string small_file() {
  std::string header = R"({"__metadata__":{"network":"dense relu dense squared","ppdl":"{\"format\": 3}","sha256":")";
  header += kSum;
  header += R"("},"layer.0.V.0":{"data_offsets":[0,24],"dtype":"F32","shape":[2,3]},)";
  header += R"("layer.0.bias":{"data_offsets":[24,36],"dtype":"F32","shape":[3]},)";
  header += R"("layer.1.V.0":{"data_offsets":[36,48],"dtype":"F32","shape":[3,1]},)";
  header += R"("layer.1.bias":{"data_offsets":[48,52],"dtype":"F32","shape":[1]}})";
  header.resize(kHeader, ' ');
  std::string content(8, '\0');
  std::memcpy(content.data(), &kHeader, 8);
  content += header;
  for (int k = 0; k < 13; ++k) {
    const float number = 0.25F * static_cast<float>(k) - 1.0F;
    char bytes[sizeof(number)];
    std::memcpy(bytes, &number, sizeof(number));
    content.append(bytes, sizeof(number));
  }
  return content;
}

/// A file for the time of a test.
struct Saved {
  explicit Saved(std::string_view content) {
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;
  ~Saved() { std::remove(path.c_str()); }

  std::string path = (std::filesystem::temp_directory_path() / "ppdl_test_saved_network.safetensors").string();
};

}  // namespace

TEST_CASE("a network that Python saved predicts") {
  const Saved file(small_file());
  const SavedNetwork<float> saved = load_network<float>(file.path);
  CHECK(saved.network->n_inputs() == 2);
  Matrix<float> X(2, 2);
  X << 1.0F, 2.0F, -3.0F, 0.5F;
  const Matrix<float> outputs = saved.predictor().predict(X, 1);
  CHECK(outputs(0, 0) == 3.75F);
  CHECK(outputs(1, 0) == 15.3125F);
  CHECK_THROWS_WITH_AS(
      load_network<double>(file.path),
      (file.path + ": layer.0.V.0: received F32; expected F64, or load_network of the other precision").c_str(),
      std::invalid_argument);
}

TEST_CASE("a file that is cut or changed anywhere is refused") {
  const std::string whole = small_file();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Saved file(std::string_view(whole).substr(0, size));
    CHECK_THROWS_AS(load_network<float>(file.path), std::invalid_argument);
  }
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    std::string changed = whole;
    changed[byte] = static_cast<char>(changed[byte] ^ 1 << byte % 8);
    const Saved file(changed);
    CHECK_THROWS_AS(load_network<float>(file.path), std::invalid_argument);
  }
  CHECK_THROWS_WITH_AS(load_network<float>("absent.safetensors"), "absent.safetensors: it cannot be read",
                       std::invalid_argument);
}

}  // namespace ppdl
