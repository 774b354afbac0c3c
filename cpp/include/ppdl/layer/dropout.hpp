/// @file
/// Inverted dropout: in training a unit is zeroed with probability `rate`, the others are scaled by 1/(1 - rate).
#pragma once

#include <ppdl/layer/layer.hpp>

namespace ppdl {

/// The mask is a function of (seed, step, layer, row of the batch, unit): it is never stored, and doesn't depend on threads.
template <class Scalar>
class DropoutSpec final : public LayerSpec<Scalar> {
 public:
  /// @throws std::invalid_argument unless 0 <= rate < 1
  explicit DropoutSpec(double rate);
  [[nodiscard]] Shape output_shape(const Shape& input) const override { return input; }
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;

 private:
  double rate_;
};

}  // namespace ppdl
