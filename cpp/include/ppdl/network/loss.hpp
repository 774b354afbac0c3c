/// @file
/// Losses of a network's last products Z, summed over outputs and, by their weights, over samples.
#pragma once

#include <ppdl/base/types.hpp>
#include <ppdl/train/samples.hpp>

#include <string_view>

namespace ppdl {

enum class Loss {
  softmax,  ///< cross-entropy of softmax(Z) against class labels
  binary,   ///< log loss of logistic(Z) against targets in [0, 1], each output on its own
  squared,  ///< ½ (Z − y)²
  poisson,  ///< half-deviance y log(y/p) − y + p with p = exp(Z)
};

/// @throws std::invalid_argument naming the known ones
[[nodiscard]] Loss loss_from_string(std::string_view name);

/// Z → the network's output (probabilities, means), in place.
template <class Scalar>
void apply_link(Loss loss, MatrixRef<Scalar> Z);

/// Σ_i w_i loss(z_i, y_i) over rows [first, first + Z.rows()) of `rows`; Z is overwritten with the gradient w_i (p_i − y_i), the
/// same for all four losses.
template <class Scalar>
double loss_and_gradient(Loss loss, const Samples<Scalar>& samples, const Rows& rows, Index first, MatrixRef<Scalar> Z);

}  // namespace ppdl
