/// @file
/// Augmentation: in training each image is moved by a few points and, half of the time, mirrored.
#pragma once

#include <ppdl/layer/layer.hpp>

namespace ppdl {

/// The move is a function of (seed, step, layer, row of the batch), uniform over all moves of at most `shift` points down and
/// across; what comes in from outside the image is zero. It doesn't depend on threads, and in inference nothing is left of it.
template <class Scalar>
class JitterSpec final : public LayerSpec<Scalar> {
 public:
  /// @throws std::invalid_argument if `shift` is negative
  JitterSpec(Index shift, bool mirror);
  [[nodiscard]] Shape output_shape(const Shape& input) const override { return input; }
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;

 private:
  Index shift_;
  bool mirror_;
};

}  // namespace ppdl
