/// @file
/// The dense layer, Z = XW + b, over predicted weights. The ordinary layer is the one with the identity dictionary.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/weights/evaluation.hpp>

#include <memory>
#include <vector>

namespace ppdl {

/// θ of the layer: V, then b.
template <class Scalar>
class DenseLayer final : public Layer<Scalar> {
 public:
  DenseLayer(Evaluation<Scalar> evaluation, bool bias, bool reverse_input);

  [[nodiscard]] Index n_inputs() const override { return evaluation_.input_width(); }
  [[nodiscard]] Index n_outputs() const override { return evaluation_.weights().n_hidden(); }
  [[nodiscard]] Index n_parameters() const override;
  [[nodiscard]] std::vector<WeightBlock<Scalar>> weights() const override;
  [[nodiscard]] std::optional<LayerDescription> describe(Index batch) const override;
  [[nodiscard]] double multiply_adds(Index batch) const override;
  [[nodiscard]] bool pools_input() const override { return evaluation_.pooled_once(); }
  [[nodiscard]] Matrix<Scalar> pool(const ConstMatrixRef<Scalar>& X, int n_threads) const override;
  [[nodiscard]] std::unique_ptr<Scratch> scratch(Index rows, Index block, bool training,
                                                 bool reverse_input) const override;
  [[nodiscard]] std::unique_ptr<Inference<Scalar>> inference(const Scalar* theta) const override;

  [[nodiscard]] Index n_prepare_tasks() const override { return evaluation_.n_prepare_tasks(); }
  void prepare(Index task, const Scalar* theta, Scratch* scratch) const override;
  void forward(const Pass& pass, Index row, Index first, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, Scratch* scratch) const override;
  void reverse(const Pass& pass, Index row, Index first, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input, Scratch* scratch) const override;
  [[nodiscard]] Index n_gradient_tasks() const override { return evaluation_.n_gradient_tasks() + (bias_ ? 1 : 0); }
  void gradient(Index task, const ConstMatrixRef<Scalar>& input, const ConstMatrixRef<Scalar>& d_output,
                Scalar* d_theta, Into into, Scratch* scratch) const override;
  [[nodiscard]] Index n_finish_tasks() const override { return evaluation_.n_finish_tasks(); }
  void finish(Index task, const Scalar* theta, Scalar* d_theta, Scratch* scratch) const override;

 private:
  struct Work;

  Evaluation<Scalar> evaluation_;
  bool bias_;
  bool reverse_input_;
};

/// A dense layer over predicted weights; without an order the cost model chooses. Weights whose dictionary is learned make a
/// `LowRankLayer`.
template <class Scalar>
class DenseSpec final : public LayerSpec<Scalar> {
 public:
  explicit DenseSpec(std::shared_ptr<const PredictedWeights<Scalar>> weights,
                     OrderChoice order = OrderChoice::automatic, bool bias = true);
  [[nodiscard]] Shape output_shape(const Shape& input) const override;
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;
  [[nodiscard]] bool has_weights() const override { return true; }

 private:
  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  OrderChoice order_;
  bool bias_;
};

}  // namespace ppdl
