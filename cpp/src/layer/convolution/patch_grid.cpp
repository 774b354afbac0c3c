#include <ppdl/layer/convolution/patch_grid.hpp>

#include <ppdl/base/check.hpp>

#include <algorithm>

namespace ppdl {

PatchGrid::PatchGrid(const Shape& image, const Window& window) : image_(image), window_(window) {
  check(window.height > 0 && window.width > 0, "kernel: received ", window.height, " x ", window.width,
        "; expected sides of at least 1");
  check(window.stride_y > 0 && window.stride_x > 0, "stride: received ", window.stride_y, " x ", window.stride_x,
        "; expected steps of at least 1");
  check(window.padding_y >= 0 && window.padding_x >= 0, "padding: received ", window.padding_y, " x ", window.padding_x,
        "; expected at least 0");
  check(window.height <= padded_height() && window.width <= padded_width(), "kernel: received ", window.height, " x ",
        window.width, " for an image of ", image.height, " x ", image.width, ", with padding ", padded_height(), " x ",
        padded_width(), "; expected a kernel that fits into it");
  height_ = (padded_height() - window.height) / window.stride_y + 1;
  width_ = (padded_width() - window.width) / window.stride_x + 1;
  const Index row = padded_width() * image.channels;
  for (Index y = 0; y < height_; ++y) {
    for (Index x = 0; x < width_; ++x) {
      begins_.push_back(y * window.stride_y * row + x * window.stride_x * image.channels);
    }
  }
  for (Index r = 0; r < window.height; ++r) segments_.push_back(r * row);
}

template <class Scalar>
void PatchGrid::pad(const Scalar* image, Scalar* padded) const {
  const Index row = image_.width * image_.channels;
  Scalar* to = padded + (window_.padding_y * padded_width() + window_.padding_x) * image_.channels;
  for (Index y = 0; y < image_.height; ++y)
    std::copy_n(image + y * row, row, to + y * padded_width() * image_.channels);
}

template <class Scalar>
void PatchGrid::unpad(const Scalar* padded, Scalar* image) const {
  const Index row = image_.width * image_.channels;
  const Scalar* from = padded + (window_.padding_y * padded_width() + window_.padding_x) * image_.channels;
  for (Index y = 0; y < image_.height; ++y) {
    std::copy_n(from + y * padded_width() * image_.channels, row, image + y * row);
  }
}

template <class Scalar>
void PatchGrid::add_patches(const ConstMatrixRef<Scalar>& patches, Index row, Scalar* padded) const {
  Scalar* at = padded + segments_[static_cast<std::size_t>(row)];
  for (Index position = 0; position < n_positions(); ++position) {
    Eigen::Map<Vector<Scalar>>(at + begins_[static_cast<std::size_t>(position)], segment()) +=
        Eigen::Map<const Vector<Scalar>>(&patches.coeffRef(position, 0), segment());
  }
}

#define PPDL_INSTANTIATE(Scalar)                                \
  template void PatchGrid::pad(const Scalar*, Scalar*) const;   \
  template void PatchGrid::unpad(const Scalar*, Scalar*) const; \
  template void PatchGrid::add_patches<Scalar>(const ConstMatrixRef<Scalar>&, Index, Scalar*) const;

PPDL_INSTANTIATE(float)
PPDL_INSTANTIATE(double)
#undef PPDL_INSTANTIATE

}  // namespace ppdl
