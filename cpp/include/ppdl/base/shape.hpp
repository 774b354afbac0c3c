/// @file
/// Where the inputs of a layer lie.
#pragma once

#include <ppdl/base/types.hpp>

namespace ppdl {

/// An image of `channels` numbers at each point, which stand next to each other, points in row-major order. Units without a
/// place are the channels of a single point.
struct Shape {
  Index height = 1;
  Index width = 1;
  Index channels = 1;

  [[nodiscard]] Index n_points() const { return height * width; }
  [[nodiscard]] Index size() const { return n_points() * channels; }
  bool operator==(const Shape&) const = default;
};

}  // namespace ppdl
