/// @file
/// Weights by least squares: which V of a given dictionary U comes nearest to given weights W.
#pragma once

#include <ppdl/base/types.hpp>

namespace ppdl {

/// What bounds V, so that it stays of use where U has directions of hardly any length.
struct LeastSquaresOptions {
  /// Of the precision that U is rounded to. Directions whose singular value, relative to the largest, is below
  /// max(n_visible, n_atoms) epsilon, or below 1e-6, are noise, of which V has nothing.
  double epsilon = 0.0;
  /// Length of V that is allowed, in lengths of a V of no particular direction whose UV is as long as W.
  double relative_length = 10.0;
  /// Length of V that is allowed in any case.
  double length = 0.0;
};

/// V that minimises ‖UV − W‖ among those within the length allowed (Frobenius norms); of several, the shortest.
///
/// Where the unbounded solution is too long, V = (UᵀU + λI)⁻¹UᵀW with the λ that makes it as long as is allowed.
///
/// @param U  (n_visible, n_atoms)
/// @param W  (n_visible, n_hidden)
/// @return (n_atoms, n_hidden)
[[nodiscard]] Matrix<double> least_squares(const ConstMatrixRef<double>& U, const ConstMatrixRef<double>& W,
                                           const LeastSquaresOptions& options);

}  // namespace ppdl
