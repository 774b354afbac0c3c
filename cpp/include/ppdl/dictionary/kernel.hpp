/// @file
/// Kernels over the inputs of a layer, and the kernel ridge predictor (paper, Sec. 3.1): U = k_αᵀ (K_α + λI)⁻¹.
#pragma once

#include <ppdl/base/types.hpp>

#include <span>

namespace ppdl {

/// Squared exponential kernel (paper, Sec. 3.2), k(i, j) = exp(-|x_i - x_j|² / 2σ²), zero between different channels.
///
/// @param points        (n_points, d)  where the inputs lie
/// @param n_channels    inputs at each point; input `point * n_channels + channel` is that channel of that point
/// @param length_scale  σ > 0, in units of the coordinates
/// @return (n_points * n_channels, n_points * n_channels), symmetric
/// @throws std::invalid_argument if `length_scale` or `n_channels` is not positive
[[nodiscard]] Matrix<double> squared_exponential(const ConstMatrixRef<double>& points, Index n_channels,
                                                 double length_scale, int n_threads = 0);

/// How a covariance is computed.
struct CovarianceOptions {
  int power = 1;       ///< 1, or 2 for the covariance of the squares
  bool center = true;  ///< whether means are removed; if not, the second moments are returned, divided by Σw
  int n_threads = 0;
};

/// Covariance of the layer's inputs over the data (paper, Sec. 3.5), or of their squares, as `numpy.cov` defines it.
///
/// Two passes over blocks of rows, in double precision: first the means, then the products of centred values. X is read
/// where it lies. The same bits for any number of threads.
///
/// The sum of products is divided by Σw − min(1, Σw²/Σw): n − 1 without weights. So whole weights count as repeated rows
/// (`fweights` of `numpy.cov`), weights of 0 as absent ones, whatever they hold, and weights that are small as
/// reliabilities (`aweights`), however small.
///
/// @param X        (n_samples, n_visible)  at least two samples
/// @param weights  w ≥ 0 of the samples; empty for 1 each
/// @return (n_visible, n_visible), symmetric
/// @throws std::invalid_argument if there are too few samples or an option is out of range
template <class Scalar>
[[nodiscard]] Matrix<double> covariance(const ConstMatrixRef<Scalar>& X, const CovarianceOptions& options,
                                        std::span<const double> weights = {});

/// T = (K_α + λI)⁻¹ by Cholesky, so that U = K[:, α] T.
///
/// @param K_alpha  (n_atoms, n_atoms)  kernel among the atoms
/// @param ridge    λ ≥ 0
/// @throws NumericalError if K_α + λI is not positive definite to working precision
[[nodiscard]] Matrix<double> ridge_mix(const ConstMatrixRef<double>& K_alpha, double ridge);

}  // namespace ppdl
