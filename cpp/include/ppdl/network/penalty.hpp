/// @file
/// From sums over samples to the objective: the mean, plus a penalty on the weights that depends on θ alone.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/train/model.hpp>

#include <vector>

namespace ppdl {

/// ½ α ‖V‖² / w, or ½ α ‖UV‖² / w = ½ α tr(VᵀUᵀUV) / w, with the batch's weight w; biases don't decay.
///
/// With a learned U (LowRank) the layer is two, and each matrix is penalised by itself either way.
template <class Scalar>
class Penalty {
 public:
  Penalty() = default;
  /// @param blocks     the weights in θ, in order
  /// @param predicted  penalise UV instead of V
  Penalty(double alpha, bool predicted, std::vector<WeightBlock<Scalar>> blocks);

  /// Adds α UᵀUV to the sums of the gradient, where UV is penalised, and returns ½ α ‖UV‖²; see `Model::penalise`.
  double penalise(const Scalar* theta, Scalar* gradient) const;
  /// The mean of the gradient and the decay of V, for a part of θ; see `Model::finish`.
  double finish(const Scalar* theta, const Sums& sums, Index first, Index count, Scalar* gradient) const;

 private:
  double alpha_ = 0.0;
  std::vector<WeightBlock<Scalar>> blocks_;
  std::vector<std::vector<Matrix<Scalar>>> grams_;  ///< S_jᵀS_j of each block; none where V decays
};

}  // namespace ppdl
