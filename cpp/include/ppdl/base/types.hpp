/// @file
/// Aliases that the whole core shares: row-major matrices (NumPy's order), vectors, indices and references to them.
#pragma once

#include <Eigen/Core>

#include <cstddef>
#include <cstdint>

namespace ppdl {

using Index = Eigen::Index;

/// An index as the standard library's containers take it.
constexpr std::size_t at(Index i) { return static_cast<std::size_t>(i); }

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
template <class Scalar>
using RowVector = Eigen::Matrix<Scalar, 1, Eigen::Dynamic>;

/// Reference to a row-major matrix or to a block of one: rows may be further apart than they are long.
template <class Scalar>
using MatrixRef = Eigen::Ref<Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstMatrixRef = Eigen::Ref<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using VectorRef = Eigen::Ref<Vector<Scalar>>;
template <class Scalar>
using ConstVectorRef = Eigen::Ref<const Vector<Scalar>>;

/// View of contiguous memory as a row-major matrix.
template <class Scalar>
using MatrixMap = Eigen::Map<Matrix<Scalar>>;
template <class Scalar>
using ConstMatrixMap = Eigen::Map<const Matrix<Scalar>>;

}  // namespace ppdl
