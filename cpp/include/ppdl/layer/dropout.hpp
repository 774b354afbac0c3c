/// @file
/// Inverted dropout: in training a unit is zeroed with probability `rate`, the others are scaled by 1/(1 - rate).
#pragma once

#include <ppdl/layer/layer.hpp>

namespace ppdl {

/// The mask is a function of (seed, step, layer, row of the batch, unit): it is never stored, and doesn't depend on threads.
template <class Scalar>
class DropoutLayer final : public Layer<Scalar> {
 public:
  /// @param number  tells this layer's masks from another's
  /// @throws std::invalid_argument unless 0 <= rate < 1
  DropoutLayer(Index n_units, double rate, Index number);

  [[nodiscard]] Index n_inputs() const override { return n_units_; }
  [[nodiscard]] Index n_outputs() const override { return n_units_; }
  void forward(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const override;
  void reverse(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
               LayerBuffers<Scalar>& buffers) const override;

 private:
  void mask(const Pass& pass, Index first_row, const ConstMatrixRef<Scalar>& from, MatrixRef<Scalar> to) const;

  Index n_units_;
  double rate_;
  Index number_;
};

}  // namespace ppdl
