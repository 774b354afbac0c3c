/// @file
/// Maxout (Goodfellow et al. 2013): unit k is the largest of its `n_pieces` inputs, k n_pieces … (k+1) n_pieces - 1.
#pragma once

#include <ppdl/layer/layer.hpp>

namespace ppdl {

template <class Scalar>
class MaxoutSpec final : public LayerSpec<Scalar> {
 public:
  explicit MaxoutSpec(Index n_pieces) : n_pieces_(n_pieces) {}
  /// @throws std::invalid_argument unless n_pieces divides the channels
  [[nodiscard]] Shape output_shape(const Shape& input) const override;
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;

 private:
  Index n_pieces_;
};

}  // namespace ppdl
