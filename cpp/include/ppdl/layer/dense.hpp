/// @file
/// The dense layer, Z = XW + b, over predicted weights. The ordinary layer is the one with the identity dictionary.
#pragma once

#include <ppdl/layer/layer.hpp>

namespace ppdl {

/// θ of the layer: V, then b.
template <class Scalar>
class DenseLayer final : public Layer<Scalar> {
 public:
  DenseLayer(Product<Scalar> product, bool bias);

  [[nodiscard]] const Product<Scalar>& product() const { return product_; }
  [[nodiscard]] bool bias() const { return bias_; }

  [[nodiscard]] Index n_inputs() const override { return product_.input_width(); }
  [[nodiscard]] Index n_outputs() const override { return product_.weights().n_hidden(); }
  [[nodiscard]] Index n_parameters() const override;
  [[nodiscard]] double multiply_adds(Index batch) const override;
  [[nodiscard]] LayerBuffers<Scalar> buffers(Index batch, bool training, bool reverse_input) const override;
  [[nodiscard]] Index n_prepare_tasks() const override { return product_.n_prepare_tasks(); }
  void prepare(Index task, const Scalar* theta, LayerBuffers<Scalar>& buffers) const override;
  void forward(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const override;
  void reverse(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
               LayerBuffers<Scalar>& buffers) const override;
  [[nodiscard]] Index n_gradient_tasks() const override { return product_.n_gradient_tasks() + (bias_ ? 1 : 0); }
  double gradient(Index task, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
                  const ConstMatrixRef<Scalar>& d_output, const Decay<Scalar>& decay, Scalar* d_theta,
                  LayerBuffers<Scalar>& buffers) const override;
  [[nodiscard]] Index n_finish_tasks() const override { return product_.n_finish_tasks(); }
  double finish(Index task, const Scalar* theta, const Decay<Scalar>& decay, Scalar* d_theta,
                LayerBuffers<Scalar>& buffers) const override;

 private:
  Product<Scalar> product_;
  bool bias_;
};

}  // namespace ppdl
