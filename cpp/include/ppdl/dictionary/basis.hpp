/// @file
/// Orthonormal bases: cosines, eigenvectors, and the orthonormalisation of any atoms.
#pragma once

#include <ppdl/base/types.hpp>

namespace ppdl {

/// Orthonormal two-dimensional cosines (DCT-II) on a grid, low frequencies first.
///
/// Frequency (u, v) has the atom c_u c_v cos(π(2y+1)u / 2 height) cos(π(2x+1)v / 2 width). The order is that of
/// (u / height)² + (v / width)², then of u.
///
/// @return (height * width, height * width), the atoms in its columns, pixels in row-major order
[[nodiscard]] Matrix<double> cosines(Index height, Index width);

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors, in columns.
struct SymmetricEigen {
  Vector<double> values;
  Matrix<double> vectors;
};

/// Decomposes a symmetric matrix.
///
/// The vectors' sign is fixed: the first among the entries of largest magnitude (to six digits) is positive.
///
/// @param C  (n, n)  only the lower triangle is read
/// @throws NumericalError if the iteration fails
[[nodiscard]] SymmetricEigen symmetric_eigen(const ConstMatrixRef<double>& C);

/// Eigenvectors of a covariance as of `symmetric_eigen`, but for those that rounding alone would choose.
///
/// Where the variance is at most `resolution` times the largest, any basis of the space will do. There, one after the
/// other, the input that is spanned least so far is made orthogonal to the vectors before it: so a constant input is a
/// vector of its own, and a change of C in the last digits changes the basis no more than that.
[[nodiscard]] Matrix<double> principal_components(const ConstMatrixRef<double>& C, double resolution);

/// T = R⁻¹ of U = QR with a positive diagonal, so that UT has orthonormal columns and the span of U.
///
/// @param U  (n_visible, n_atoms)  n_atoms ≤ n_visible
/// @throws NumericalError if the columns of U are linearly dependent to ten digits
[[nodiscard]] Matrix<double> orthonormal_mix(const ConstMatrixRef<double>& U);

}  // namespace ppdl
