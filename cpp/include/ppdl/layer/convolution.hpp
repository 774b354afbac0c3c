/// @file
/// The convolution, Z = PW + b over the patches P of an image, with predicted weights; the ordinary one has the identity
/// dictionary.
#pragma once

#include <ppdl/layer/convolution/patch_grid.hpp>
#include <ppdl/layer/layer.hpp>

#include <memory>

namespace ppdl {

/// A convolution over predicted weights W (window's height * width * channels, n_filters), rows ordered (row, column, channel);
/// without an order the cost model chooses. θ of the layer: V, then b.
template <class Scalar>
class ConvolutionSpec final : public LayerSpec<Scalar> {
 public:
  /// @throws std::invalid_argument if the weights are learned on both sides (LowRank)
  ConvolutionSpec(std::shared_ptr<const PredictedWeights<Scalar>> weights, const Window& window,
                  OrderChoice order = OrderChoice::automatic, bool bias = true);
  [[nodiscard]] Shape output_shape(const Shape& input) const override;
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;
  [[nodiscard]] bool has_weights() const override { return true; }

 private:
  /// @throws std::invalid_argument unless the window fits into the input, and the weights to the window
  [[nodiscard]] PatchGrid grid(const Shape& input) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  Window window_;
  OrderChoice order_;
  bool bias_;
};

}  // namespace ppdl
