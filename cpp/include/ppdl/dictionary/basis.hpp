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

/// Eigenvectors of a symmetric matrix, in columns, by decreasing eigenvalue.
///
/// The sign is fixed: the first among a vector's entries of largest magnitude (to six digits) is positive.
///
/// @param C  (n, n)  only the lower triangle is read
/// @throws NumericalError if the iteration fails
[[nodiscard]] Matrix<double> symmetric_eigenvectors(const ConstMatrixRef<double>& C);

/// T = R⁻¹ of U = QR with a positive diagonal, so that UT has orthonormal columns and the span of U.
///
/// @param U  (n_visible, n_atoms)  n_atoms ≤ n_visible
/// @throws NumericalError if the columns of U are linearly dependent to ten digits
[[nodiscard]] Matrix<double> orthonormal_mix(const ConstMatrixRef<double>& U);

}  // namespace ppdl
