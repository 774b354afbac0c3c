/// @file
/// A function of every number of a matrix, computed by whole vectors.
#pragma once

#include <ppdl/base/types.hpp>

#include <algorithm>

namespace ppdl {

/// Z becomes f(Z), number by number; f takes and returns an Eigen array.
///
/// Eigen's exponential in a vector differs in its last bits from that of a number that is left over, at the end of a matrix or
/// before an aligned address. Here none is left over, so that a result depends on its number alone, not on where that stands.
template <class Scalar, class F>
void transform(MatrixRef<Scalar> Z, F f) {
  using Chunk = Eigen::Array<Scalar, 32, 1>;
  const bool contiguous = Z.outerStride() == Z.cols();
  const Index n_runs = contiguous ? 1 : Z.rows(), length = contiguous ? Z.size() : Z.cols();
  for (Index run = 0; run < n_runs; ++run) {
    Scalar* values = Z.data() + run * Z.outerStride();
    for (Index first = 0; first < length; first += Chunk::SizeAtCompileTime) {
      const Index count = std::min<Index>(Chunk::SizeAtCompileTime, length - first);
      Chunk chunk = Chunk::Zero();
      std::copy_n(values + first, count, chunk.data());
      chunk = f(chunk).eval();
      std::copy_n(chunk.data(), count, values + first);
    }
  }
}

}  // namespace ppdl
