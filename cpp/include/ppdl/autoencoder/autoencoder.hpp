/// @file
/// The tied-weight autoencoder that pre-trains a layer (paper, Sec. 3.5 and 4.1).
#pragma once

#include <ppdl/layer/activation.hpp>
#include <ppdl/network/initialisation.hpp>
#include <ppdl/train/model.hpp>
#include <ppdl/weights/evaluation.hpp>

#include <memory>
#include <vector>

namespace ppdl {

struct AutoencoderOptions {
  Activation activation = Activation::logistic;
  Activation decoder = Activation::logistic;
  bool decoder_bias = false;
  DataSet data;  ///< that may be pooled once
};

/// Each column reconstructs the whole input: h_j = g(xW_j + b_j), x̂_j = d(h_jW_jᵀ [+ c]); the loss is Σ_j ‖x − x̂_j‖²,
/// averaged over samples by their weights. θ: V, then b, then c. The targets are the inputs.
template <class Scalar>
class Autoencoder final : public Model<Scalar> {
 public:
  /// @throws std::invalid_argument for a learned dictionary
  Autoencoder(std::shared_ptr<const PredictedWeights<Scalar>> weights, const AutoencoderOptions& options);

  [[nodiscard]] Vector<Scalar> initial(std::uint64_t seed, const Initialisation& initialisation) const;

  [[nodiscard]] Index n_parameters() const override;
  [[nodiscard]] double multiply_adds(Index batch) const override;
  void check_samples(const Samples<Scalar>& samples) const override;
  [[nodiscard]] std::vector<ColumnNorm> weight_blocks() const override;
  [[nodiscard]] std::unique_ptr<Workspace> workspace(const Samples<Scalar>& samples, Index batch,
                                                     int n_threads) const override;
  Sums sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass, int n_threads,
            Workspace& workspace, Scalar* gradient) const override;

 private:
  struct Buffers;
  double group(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, int n_threads, Buffers& buffers,
               Scalar* gradient, Into into) const;
  double sample_block(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, Index first, Index count,
                      Buffers& buffers) const;
  double reconstruct(const Scalar* theta, Index column, const Samples<Scalar>& samples, const Rows& rows, Index first,
                     Index count, Buffers& buffers) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  AutoencoderOptions options_;
  Evaluation<Scalar> encoder_;
  std::vector<Panels<Scalar>> U_, Ut_;  ///< S_j of each column, where the atoms aren't inputs
};

}  // namespace ppdl
