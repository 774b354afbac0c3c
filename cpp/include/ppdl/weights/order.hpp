/// @file
/// The order in which XW is computed, and what each order costs (paper, Sec. 3.3 and 3.4).
#pragma once

#include <ppdl/weights/predicted_weights.hpp>

#include <string_view>

namespace ppdl {

enum class Order {
  predict,  ///< X(UV): predict W, then multiply
  pool,     ///< (XU)V: pool with every column's own U, then multiply
  shared,   ///< ((XB)[:, α])(TV): pool once with the base, then each column picks its atoms
};

[[nodiscard]] std::string_view to_string(Order order);

/// What happens to the layer's input.
struct Setting {
  Index batch = 1;            ///< samples per step
  bool pooled_once = false;   ///< the input comes pooled already (a property of the data set)
  bool reverse_input = true;  ///< dX is wanted (false in the first layer)
  bool training = true;       ///< the reverse pass happens at all
};

/// Multiply-adds of one step of `batch` samples, forward and reverse.
template <class Scalar>
[[nodiscard]] double multiply_adds(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting);

/// Multiply-adds of the dense layer of the same shape.
template <class Scalar>
[[nodiscard]] double dense_multiply_adds(const PredictedWeights<Scalar>& weights, const Setting& setting);

/// Estimated time in units of a multiply-add at full speed: products with a short side run below the machine's rate, and
/// gathering an atom's value costs memory operations. Orders are compared by this number.
template <class Scalar>
[[nodiscard]] double effort(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting);

/// The order of least effort.
template <class Scalar>
[[nodiscard]] Order cheapest_order(const PredictedWeights<Scalar>& weights, const Setting& setting);

}  // namespace ppdl
