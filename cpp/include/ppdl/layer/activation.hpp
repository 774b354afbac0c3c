/// @file
/// Element-wise activations.
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
class ActivationSpec final : public LayerSpec<Scalar> {
 public:
  explicit ActivationSpec(Activation kind) : kind_(kind) {}
  [[nodiscard]] Shape output_shape(const Shape& input) const override { return input; }
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;

 private:
  Activation kind_;
};

}  // namespace ppdl
