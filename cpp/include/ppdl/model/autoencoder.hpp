/// @file
/// The tied-weight autoencoder that pre-trains a layer (paper, Sec. 3.5 and 4.1).
#pragma once

#include <ppdl/layer/activation.hpp>
#include <ppdl/model/initialisation.hpp>
#include <ppdl/model/model.hpp>
#include <ppdl/weights/product.hpp>

#include <cstdint>

namespace ppdl {

struct AutoencoderOptions {
  Activation activation = Activation::logistic;
  Activation decoder = Activation::logistic;
  bool decoder_bias = false;
};

/// Each column reconstructs the whole input: h_j = g(xW_j + b_j), x̂_j = d(h_jW_jᵀ [+ c]); the loss is Σ_j ‖x − x̂_j‖²,
/// averaged over samples. θ: V, then b, then c. Inputs are X, or its pooled form XU; targets are X.
template <class Scalar>
class Autoencoder final : public Model<Scalar> {
 public:
  /// @throws std::invalid_argument for a learned dictionary
  Autoencoder(std::shared_ptr<const PredictedWeights<Scalar>> weights, const AutoencoderOptions& options);

  /// Lets the data set be pooled once, if it takes at most `memory_limit` bytes.
  void plan(Index n_samples, double memory_limit);
  [[nodiscard]] bool pools_input() const { return encoder_.pooled_once(); }
  [[nodiscard]] Matrix<Scalar> pool_input(const ConstMatrixRef<Scalar>& X, int n_threads) const;

  [[nodiscard]] Vector<Scalar> initial(std::uint64_t seed, const Initialisation& initialisation) const;

  [[nodiscard]] Index n_parameters() const override;
  [[nodiscard]] Index input_width() const override { return encoder_.input_width(); }
  [[nodiscard]] double multiply_adds(Index batch) const override;
  [[nodiscard]] std::unique_ptr<Workspace> workspace(Index batch) const override;
  double value_and_gradient(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Step& step,
                            Workspace& workspace, Scalar* gradient) const override;
  void check_samples(const Samples<Scalar>& samples) const override;
  [[nodiscard]] std::vector<ColumnNorm> weight_blocks() const override;

 private:
  struct Buffers;
  double sample_block(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Step& step,
                      Index first, Index count, Buffers& buffers) const;
  double reconstruct(const Scalar* theta, Index column, Index first, Index count, double scale, Buffers& buffers) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  AutoencoderOptions options_;
  Product<Scalar> encoder_;
};

}  // namespace ppdl
