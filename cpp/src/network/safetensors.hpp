/// @file
/// The file format safetensors: the length of a JSON header in 8 bytes, the header, the data.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ppdl::safetensors {

struct Tensor {
  std::string dtype;  ///< as "F32"
  std::vector<Index> shape;
  std::string_view bytes;
};

struct File {
  std::string content;
  std::map<std::string, std::string, std::less<>> metadata;
  std::map<std::string, Tensor, std::less<>> tensors;  ///< views of the content
};

/// Read a file whose checksum, "sha256" of its metadata, is that of all its bytes but the checksum's own.
///
/// @throws std::invalid_argument if it is not such a file
[[nodiscard]] File read(const std::string& path);

/// SHA-256 (FIPS 180-4) in hexadecimal.
[[nodiscard]] std::string sha256(std::string_view message);

}  // namespace ppdl::safetensors
