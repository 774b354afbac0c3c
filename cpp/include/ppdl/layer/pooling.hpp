/// @file
/// Pooling of a map: at each point of a coarser one, the largest or the average of a window's numbers, channel by channel.
#pragma once

#include <ppdl/layer/layer.hpp>

#include <string_view>

namespace ppdl {

enum class Pooling { max, average };

/// @throws std::invalid_argument naming the known ones
[[nodiscard]] Pooling pooling_from_string(std::string_view name);

struct PoolingOptions {
  Pooling kind = Pooling::max;
  Index height = 2, width = 2;           ///< points of a window
  Index row_stride = 2, col_stride = 2;  ///< from the beginning of one window to that of the next
  /// Whether windows may reach over the lower and the right border, where they hold fewer points; each begins inside. Else the
  /// last window ends inside, and points beyond it are lost.
  bool ceil_mode = true;
};

/// In the windows of a map of (height, width, channels). An average is that of the points inside. A window with a NaN yields
/// NaN. The gradient of the largest goes to the first of those that are equal.
template <class Scalar>
class PoolingSpec final : public LayerSpec<Scalar> {
 public:
  /// @throws std::invalid_argument unless sizes and strides are positive
  explicit PoolingSpec(const PoolingOptions& options);
  /// @throws std::invalid_argument if there's no place for a window
  [[nodiscard]] Shape output_shape(const Shape& input) const override;
  [[nodiscard]] std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                          const LayerContext& context) const override;

 private:
  PoolingOptions options_;
};

}  // namespace ppdl
