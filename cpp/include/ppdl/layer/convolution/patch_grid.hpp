/// @file
/// Where the patches of an image lie that a convolution looks at.
#pragma once

#include <ppdl/base/product.hpp>
#include <ppdl/base/shape.hpp>

#include <span>
#include <vector>

namespace ppdl {

/// What a convolution looks through.
struct Window {
  Index height = 1, width = 1;
  Index stride_y = 1, stride_x = 1;
  Index padding_y = 0, padding_x = 0;  ///< zeros on each side
};

/// The patches of an image with zeros around it, one for each position of the window, positions in row-major order. A patch is
/// (row, column, channel), as the image. Neighbouring patches overlap, and are read where they lie.
class PatchGrid {
 public:
  /// @throws std::invalid_argument naming the sizes, unless the window fits into the padded image
  PatchGrid(const Shape& image, const Window& window);

  [[nodiscard]] const Shape& image() const { return image_; }
  [[nodiscard]] const Window& window() const { return window_; }
  /// Rows and columns of positions.
  [[nodiscard]] Index height() const { return height_; }
  [[nodiscard]] Index width() const { return width_; }
  [[nodiscard]] Index n_positions() const { return height_ * width_; }
  [[nodiscard]] Index patch_size() const { return window_.height * segment(); }
  /// Numbers of a row of a patch, which stand next to each other.
  [[nodiscard]] Index segment() const { return window_.width * image_.channels; }
  [[nodiscard]] Index padded_height() const { return image_.height + 2 * window_.padding_y; }
  [[nodiscard]] Index padded_width() const { return image_.width + 2 * window_.padding_x; }
  [[nodiscard]] Index padded_size() const { return padded_height() * padded_width() * image_.channels; }

  /// Where the patch at each position begins in the padded image, and where, from there, each of its rows.
  [[nodiscard]] const std::vector<Index>& begins() const { return begins_; }
  [[nodiscard]] const std::vector<Index>& segments() const { return segments_; }

  /// Copies an image into the middle of the padded one, whose border is left alone.
  template <class Scalar>
  void pad(const Scalar* image, Scalar* padded) const;
  /// Adds the gradient of one row of each patch to that of the padded image.
  ///
  /// @param patches  (n_positions, segment)
  template <class Scalar>
  void add_patches(const ConstMatrixRef<Scalar>& patches, Index row, Scalar* padded) const;
  /// Copies the middle of the padded image.
  template <class Scalar>
  void unpad(const Scalar* padded, Scalar* image) const;

 private:
  Shape image_;
  Window window_;
  Index height_, width_;
  std::vector<Index> begins_, segments_;
};

}  // namespace ppdl
