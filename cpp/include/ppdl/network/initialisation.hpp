/// @file
/// How V starts.
#pragma once

#include <ppdl/base/random.hpp>
#include <ppdl/layer/layer.hpp>

#include <vector>

namespace ppdl {

/// V is uniform, so that the predicted W has, on average over its entries, the variance of a uniform(-bound, bound) matrix:
/// whatever the dictionary, a layer starts at the scale of the dense one. `fixed` draws V itself from (-bound, bound).
struct Initialisation {
  enum class Kind { glorot, glorot_logistic, he, lecun, fixed } kind = Kind::glorot;
  double bound = 0.1;  ///< used by `fixed`

  /// The bound on W's entries; of `fixed`, on V's.
  [[nodiscard]] double bound_for(Index fan_in, Index fan_out) const;
};

/// Fills the weights of one layer, given by its blocks: V, or a U that is learned and V, which share the variance equally.
///
/// @param n_outputs  of the layer
/// @param theta      the layer's part of θ; biases are left alone
template <class Scalar>
void initialise(const std::vector<WeightBlock<Scalar>>& blocks, Index n_outputs, const Random& random,
                const Initialisation& initialisation, Scalar* theta);

}  // namespace ppdl
