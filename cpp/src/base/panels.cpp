#include <ppdl/base/product.hpp>

#include "simd.hpp"

#include <algorithm>
#include <new>

namespace ppdl {
namespace {

Index rounded_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

/// Width of the panel's row that begins at column `first` of `width`: one vector is enough for the last few columns.
template <class Scalar>
Index row_width(Index first, Index width) {
  return width - first > Simd<Scalar>::lanes ? kPanel<Scalar> : Simd<Scalar>::lanes;
}

}  // namespace

template <class Scalar>
void Panels<Scalar>::Free::operator()(Scalar* data) const {
  ::operator delete[](data, std::align_val_t{64});
}

template <class Scalar>
Panels<Scalar>::Panels(const ConstMatrixRef<Scalar>& B) : Panels(B.rows(), B.cols()) {
  pack(0, B);
}

template <class Scalar>
Panels<Scalar>::Panels(const Panels& other) {
  *this = other;
}

template <class Scalar>
Panels<Scalar>& Panels<Scalar>::operator=(const Panels& other) {
  if (this == &other) return *this;
  resize(other.depth_, other.width_);
  std::copy_n(other.data_.get(), depth_ * rounded_up(width_, Simd<Scalar>::lanes), data_.get());
  return *this;
}

template <class Scalar>
Index Panels<Scalar>::panel_width() {
  return kPanel<Scalar>;
}

template <class Scalar>
void Panels<Scalar>::resize(Index depth, Index width) {
  const Index size = depth * rounded_up(width, Simd<Scalar>::lanes);
  if (size > capacity_) {
    data_.reset(new (std::align_val_t{64}) Scalar[static_cast<std::size_t>(size)]);
    capacity_ = size;
  }
  depth_ = depth;
  width_ = width;
  const Index first = width / kPanel<Scalar> * kPanel<Scalar>;  // of the last panel, whose row has lanes to spare
  if (first < width) std::fill_n(data_.get() + first * depth, depth * row_width<Scalar>(first, width), Scalar(0));
}

template <class Scalar>
void Panels<Scalar>::pack(Index first, const ConstMatrixRef<Scalar>& rows) {
  constexpr Index full = kPanel<Scalar>;
  for (Index j = 0; j < width_; j += full) {
    const Index stride = row_width<Scalar>(j, width_), valid = std::min(full, width_ - j);
    Scalar* to = data_.get() + j * depth_ + first * stride;
    const Scalar* from = rows.data() + j;
    for (Index p = 0; p < rows.rows(); ++p, to += stride, from += rows.outerStride()) {
      if (valid == full) {
        using Anywhere = typename Simd<Scalar>::Anywhere;
        for (Index v = 0; v < full; v += Simd<Scalar>::lanes) {
          *reinterpret_cast<Anywhere*>(to + v) = *reinterpret_cast<const Anywhere*>(from + v);
        }
      } else {
        std::copy_n(from, valid, to);
      }
    }
  }
}

template <class Scalar>
void Panels<Scalar>::pack_transposed(Index first, const ConstMatrixRef<Scalar>& rows) {
  constexpr Index full = kPanel<Scalar>;
  for (Index j = first; j < first + rows.rows(); j += full) {
    const Index stride = row_width<Scalar>(j, width_), valid = std::min(full, first + rows.rows() - j);
    Scalar* to = data_.get() + j * depth_;
    const Scalar* from = &rows.coeffRef(j - first, 0);
    const Index row = rows.outerStride();
    constexpr Index kStrip = 16;  // numbers of each row at a time: a cache line or two
    for (Index p0 = 0; p0 < depth_; p0 += kStrip) {
      const Index length = std::min(kStrip, depth_ - p0);
      for (Index i = 0; i < valid; ++i) {
        for (Index p = p0; p < p0 + length; ++p) to[p * stride + i] = from[i * row + p];
      }
    }
  }
}

template class Panels<float>;
template class Panels<double>;

}  // namespace ppdl
