/// @file
/// Element-wise activations and maxout.
#pragma once

#include <ppdl/layer/layer.hpp>

#include <string_view>

namespace ppdl {

enum class Activation { identity, logistic, tanh, relu };

/// @throws std::invalid_argument naming the known ones
[[nodiscard]] Activation activation_from_string(std::string_view name);
[[nodiscard]] std::string_view to_string(Activation kind);

/// A = g(Z), in place.
template <class Scalar>
void activate(Activation kind, MatrixRef<Scalar> Z);
/// dZ = dA ∘ g'(Z) in place, with g' written as a function of A = g(Z).
template <class Scalar>
void activate_reverse(Activation kind, const ConstMatrixRef<Scalar>& A, MatrixRef<Scalar> dA);

template <class Scalar>
class ActivationLayer final : public Layer<Scalar> {
 public:
  ActivationLayer(Activation kind, Index n_units) : kind_(kind), n_units_(n_units) {}

  [[nodiscard]] Index n_inputs() const override { return n_units_; }
  [[nodiscard]] Index n_outputs() const override { return n_units_; }
  [[nodiscard]] bool in_place() const override { return true; }
  void forward(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const override;
  void reverse(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
               LayerBuffers<Scalar>& buffers) const override;

 private:
  Activation kind_;
  Index n_units_;
};

/// Maxout (Goodfellow et al. 2013): unit k is the largest of its `n_pieces` inputs, k n_pieces … (k+1) n_pieces - 1.
template <class Scalar>
class MaxoutLayer final : public Layer<Scalar> {
 public:
  /// @throws std::invalid_argument unless n_pieces divides n_inputs
  MaxoutLayer(Index n_inputs, Index n_pieces);

  [[nodiscard]] Index n_inputs() const override { return n_inputs_; }
  [[nodiscard]] Index n_outputs() const override { return n_inputs_ / n_pieces_; }
  [[nodiscard]] LayerBuffers<Scalar> buffers(Index batch, bool training, bool reverse_input) const override;
  void forward(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
               MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const override;
  void reverse(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& output,
               const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
               LayerBuffers<Scalar>& buffers) const override;

 private:
  Index n_inputs_;
  Index n_pieces_;
};

}  // namespace ppdl
