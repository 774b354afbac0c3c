#include <ppdl/weights/channels.hpp>

#include <algorithm>

namespace ppdl {
namespace {

// Samples whose channels are taken apart at a time: few enough to stay in the cache.
constexpr Index kSamples = 16;

/// Rows `channel`, `channel` + c, … of a matrix.
template <class Scalar>
ConstMatrixRef<Scalar> rows_of(const ConstMatrixRef<Scalar>& M, Index c, Index channel) {
  using Rows = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;
  return Rows(M.data() + channel * M.outerStride(), M.rows() / c, M.cols(), Eigen::OuterStride<>(c * M.outerStride()));
}

template <class Scalar>
MatrixRef<Scalar> rows_of(MatrixRef<Scalar>& M, Index c, Index channel) {
  using Rows = Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>;
  return Rows(M.data() + channel * M.outerStride(), M.rows() / c, M.cols(), Eigen::OuterStride<>(c * M.outerStride()));
}

}  // namespace

template <class Scalar>
Matrix<Scalar> in_each_channel(const ConstMatrixRef<Scalar>& S, Index c) {
  if (c == 1) return S;
  Matrix<Scalar> U = Matrix<Scalar>::Zero(S.rows() * c, S.cols() * c);
  for (Index p = 0; p < S.rows(); ++p) {
    for (Index a = 0; a < S.cols(); ++a) U.block(p * c, a * c, c, c).diagonal().setConstant(S(p, a));
  }
  return U;
}

template <class Scalar>
void multiply_in_channels(const ConstMatrixRef<Scalar>& S, Index c, const ConstMatrixRef<Scalar>& V,
                          MatrixRef<Scalar> W) {
  if (c == 1) {
    multiply<Scalar>(S, V, W);
  } else if (V.outerStride() == V.cols() && W.outerStride() == W.cols()) {  // rows without gaps: all channels at once
    const ConstMatrixMap<Scalar> side_by_side(V.data(), V.rows() / c, c * V.cols());
    multiply<Scalar>(S, side_by_side, MatrixMap<Scalar>(W.data(), W.rows() / c, c * W.cols()));
  } else {
    for (Index k = 0; k < c; ++k) multiply<Scalar>(S, rows_of<Scalar>(V, c, k), rows_of<Scalar>(W, c, k));
  }
}

template <class Scalar>
void multiply_transposed_in_channel(const ConstMatrixRef<Scalar>& S, Index c, Index channel,
                                    const ConstMatrixRef<Scalar>& W, MatrixRef<Scalar> V) {
  multiply_transposed<Scalar>(S, rows_of<Scalar>(W, c, channel), rows_of<Scalar>(V, c, channel));
}

template <class Scalar>
void multiply_by_channels(const ConstMatrixRef<Scalar>& X, const Panels<Scalar>& S, Index c, MatrixRef<Scalar> P) {
  if (c == 1) return multiply<Scalar>(X, S, P);
  const Index n_points = S.depth(), n_atoms = S.width(), most = std::min(kSamples, X.rows());
  Matrix<Scalar> apart(most * c, n_points), products(most * c, n_atoms);  // a row is one channel of a sample
  for (Index first = 0; first < X.rows(); first += most) {
    const Index count = std::min(most, X.rows() - first);
    for (Index i = 0; i < count; ++i) {
      const ConstMatrixMap<Scalar> x(&X.coeffRef(first + i, 0), n_points, c);
      apart.middleRows(i * c, c) = x.transpose();
    }
    multiply<Scalar>(apart.topRows(count * c), S, products.topRows(count * c));
    for (Index i = 0; i < count; ++i) {
      MatrixMap<Scalar>(&P.coeffRef(first + i, 0), n_atoms, c) = products.middleRows(i * c, c).transpose();
    }
  }
}

#define PPDL_INSTANTIATE(Scalar)                                                                          \
  template Matrix<Scalar> in_each_channel(const ConstMatrixRef<Scalar>&, Index);                          \
  template void multiply_in_channels(const ConstMatrixRef<Scalar>&, Index, const ConstMatrixRef<Scalar>&, \
                                     MatrixRef<Scalar>);                                                  \
  template void multiply_transposed_in_channel(const ConstMatrixRef<Scalar>&, Index, Index,               \
                                               const ConstMatrixRef<Scalar>&, MatrixRef<Scalar>);         \
  template void multiply_by_channels(const ConstMatrixRef<Scalar>&, const Panels<Scalar>&, Index, MatrixRef<Scalar>);

PPDL_INSTANTIATE(float)
PPDL_INSTANTIATE(double)
#undef PPDL_INSTANTIATE

}  // namespace ppdl
