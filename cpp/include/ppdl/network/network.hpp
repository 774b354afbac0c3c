/// @file
/// The feed-forward network: layers, a loss, one flat θ.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/network/chain.hpp>
#include <ppdl/network/initialisation.hpp>
#include <ppdl/network/loss.hpp>
#include <ppdl/network/penalty.hpp>
#include <ppdl/network/predictor.hpp>
#include <ppdl/train/model.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace ppdl {

struct NetworkOptions {
  Loss loss = Loss::softmax;
  double alpha = 0.0;               ///< weight decay, ½ α ‖V‖² / (total weight of the batch); see `Penalty`
  bool penalise_predicted = false;  ///< decay ‖UV‖² in its place
  Index batch = 1;                  ///< samples that orders of evaluation are chosen for
  DataSet data;                     ///< whose static part the first layer may compute once
};

/// θ: for each layer of weights in order V, then b. Immutable: layers are made, and their orders chosen, once.
template <class Scalar>
class Network final : public Model<Scalar> {
 public:
  /// @throws std::invalid_argument unless the layers' shapes fit, the first is no activation and the last has weights
  Network(const LayerSpecs<Scalar>& layers, const Shape& input, const NetworkOptions& options);

  [[nodiscard]] Index n_inputs() const { return n_inputs_; }
  [[nodiscard]] Index n_outputs() const { return chain_->n_outputs(); }
  /// Each layer of weights, `offset` and `bias_offset` counted from the beginning of θ.
  [[nodiscard]] std::vector<LayerDescription> describe() const;
  [[nodiscard]] Vector<Scalar> initial(std::uint64_t seed, const Initialisation& initialisation) const;
  [[nodiscard]] Predictor<Scalar> predictor(const Scalar* theta) const;

  [[nodiscard]] Index n_parameters() const override { return chain_->n_parameters(); }
  [[nodiscard]] double multiply_adds(Index batch) const override { return chain_->multiply_adds(batch); }
  void check_samples(const Samples<Scalar>& samples) const override;
  [[nodiscard]] std::vector<ColumnNorm> weight_blocks() const override;
  [[nodiscard]] std::unique_ptr<Workspace> workspace(const Samples<Scalar>& samples, Index batch,
                                                     int n_threads) const override;
  Sums sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass, int n_threads,
            Workspace& workspace, Scalar* gradient) const override;
  double penalise(const Scalar* theta, Scalar* gradient) const override;
  double finish(const Scalar* theta, const Sums& sums, Index first, Index count, Scalar* gradient) const override;

 private:
  Index n_inputs_;
  NetworkOptions options_;
  std::shared_ptr<const Chain<Scalar>> chain_;
  Penalty<Scalar> penalty_;
};

}  // namespace ppdl
