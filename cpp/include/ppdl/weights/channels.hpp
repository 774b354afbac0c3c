/// @file
/// Products with S ⊗ I_c, a dictionary over points that is the same in each of c channels, of which only S is formed.
///
/// A point's channels stand next to each other: row p c + k of a matrix belongs to channel k of point p.
#pragma once

#include <ppdl/base/product.hpp>

namespace ppdl {

/// S ⊗ I_c.
template <class Scalar>
[[nodiscard]] Matrix<Scalar> in_each_channel(const ConstMatrixRef<Scalar>& S, Index c);

/// W = (S ⊗ I_c) V.
///
/// @param S  (n_points, n_atoms)
/// @param V  (n_atoms c, n_hidden)
/// @param W  (n_points c, n_hidden)  overwritten; must not alias V
template <class Scalar>
void multiply_in_channels(const ConstMatrixRef<Scalar>& S, Index c, const ConstMatrixRef<Scalar>& V,
                          MatrixRef<Scalar> W);

/// One channel of V = (S ⊗ I_c)ᵀ W: its rows channel, channel + c, … of V.
///
/// @param S  (n_points, n_atoms)
/// @param W  (n_points c, n_hidden)
/// @param V  (n_atoms c, n_hidden)
template <class Scalar>
void multiply_transposed_in_channel(const ConstMatrixRef<Scalar>& S, Index c, Index channel,
                                    const ConstMatrixRef<Scalar>& W, MatrixRef<Scalar> V);

/// P = X (S ⊗ I_c).
///
/// @param X  (n_samples, n_points c)
/// @param S  (n_points, n_atoms), packed
/// @param P  (n_samples, n_atoms c)  overwritten; must not alias X
template <class Scalar>
void multiply_by_channels(const ConstMatrixRef<Scalar>& X, const Panels<Scalar>& S, Index c, MatrixRef<Scalar> P);

}  // namespace ppdl
