/// @file
/// The layer whose dictionary is learned too (the paper's LowRank): an ordinary layer, then one that selects its inputs.
#pragma once

#include <ppdl/layer/dense.hpp>

#include <memory>
#include <vector>

namespace ppdl {

/// Z = [XU_1 V_1 … XU_J V_J] + b. θ: [U_1 … U_J] (n_visible, n_atoms), then V_1, …, V_J, then b.
template <class Scalar>
class LowRankLayer final : public Layer<Scalar> {
 public:
  /// @param weights  whose dictionary is learned
  LowRankLayer(const PredictedWeights<Scalar>& weights, bool bias, const LayerContext& context);

  [[nodiscard]] Index n_inputs() const override { return atoms_.n_inputs(); }
  [[nodiscard]] Index n_outputs() const override { return units_.n_outputs(); }
  [[nodiscard]] Index n_parameters() const override { return atoms_.n_parameters() + units_.n_parameters(); }
  [[nodiscard]] std::vector<WeightBlock<Scalar>> weights() const override;
  [[nodiscard]] std::optional<LayerDescription> describe(Index batch) const override;
  [[nodiscard]] double multiply_adds(Index batch) const override;
  [[nodiscard]] std::unique_ptr<Scratch> scratch(Index rows, Index block, bool training,
                                                 bool reverse_input) const override;
  [[nodiscard]] std::unique_ptr<Inference<Scalar>> inference(const Scalar* theta) const override;

  [[nodiscard]] Index n_prepare_tasks() const override { return atoms_.n_prepare_tasks() + units_.n_prepare_tasks(); }
  void prepare(Index task, const Scalar* theta, Scratch* scratch) const override;
  void forward(const Pass& pass, Index row, Index first, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch* scratch) const override;
  void reverse(const Pass& pass, Index row, Index first, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input, Scratch* scratch) const override;
  [[nodiscard]] Index n_gradient_tasks() const override {
    return atoms_.n_gradient_tasks() + units_.n_gradient_tasks();
  }
  void gradient(Index task, const ConstMatrixRef<Scalar>& input, const ConstMatrixRef<Scalar>& d_output,
                Scalar* d_theta, Into into, Scratch* scratch) const override;

 private:
  struct Work;

  DenseLayer<Scalar> atoms_;  ///< X → XU
  DenseLayer<Scalar> units_;  ///< XU → Z
  bool reverse_input_;
};

}  // namespace ppdl
