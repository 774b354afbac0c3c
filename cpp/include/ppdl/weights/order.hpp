/// @file
/// The order in which XW is computed, what each order costs, and which one is taken (paper, Sec. 3.3 and 3.4).
#pragma once

#include <ppdl/weights/predicted_weights.hpp>

#include <string_view>
#include <vector>

namespace ppdl {

enum class Order {
  predict,  ///< X(UV): predict W, then multiply
  pool,     ///< (XU)V: pool with every column's own U, then multiply
  shared,   ///< ((XB)[:, α])(TV): pool once with the base, then each column picks its atoms
};

[[nodiscard]] std::string_view to_string(Order order);

/// What a user asks for: `pool` stands for whichever of `pool` and `shared` is cheaper.
enum class OrderChoice { automatic, predict, pool };

/// @throws std::invalid_argument naming the known ones: auto, predict, pool
[[nodiscard]] OrderChoice order_choice_from_string(std::string_view name);

/// What happens to the layer's input.
struct Setting {
  Index batch = 1;            ///< samples per step
  bool pooled_once = false;   ///< the input comes pooled already (a property of the data set)
  bool reverse_input = true;  ///< dX is wanted (false in the first layer)
  bool training = true;       ///< the reverse pass happens at all

  [[nodiscard]] bool makes_input_gradient() const { return training && reverse_input; }
  /// Products of a layer's size in a step: forward, and in training the gradients of weights and, if wanted, inputs.
  [[nodiscard]] double n_passes() const { return 1.0 + (training ? 1.0 : 0.0) + (makes_input_gradient() ? 1.0 : 0.0); }
};

/// A data set whose static part may be computed ahead, once: XU or XB.
struct DataSet {
  Index n_samples = 0;        ///< 0: there is none
  double memory_limit = 0.0;  ///< bytes that the pooled data may take
};

/// How a layer is evaluated.
struct Plan {
  Order order = Order::shared;
  bool pooled_once = false;
};

/// Orders in which these weights can be evaluated under a choice, at least one. Weights that only select inputs have
/// nothing to pool with: for them (and the ordinary layer) `shared` is the product of the inputs as they are.
template <class Scalar>
[[nodiscard]] std::vector<Order> legal_orders(const PredictedWeights<Scalar>& weights, OrderChoice choice);

/// Multiply-adds of one step of `batch` samples, forward and reverse.
template <class Scalar>
[[nodiscard]] double multiply_adds(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting);

/// Multiply-adds of the dense layer of the same shape.
[[nodiscard]] double dense_multiply_adds(Index n_visible, Index n_hidden, const Setting& setting);

/// Estimated time in units of a multiply-add at full speed: products fill whole vectors, a shallow one is mostly the
/// loading and storing of its result, and gathering an atom's value costs memory operations. Orders are compared by it.
template <class Scalar>
[[nodiscard]] double effort(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting);

/// The legal plan of least effort. `setting.pooled_once` is left open.
template <class Scalar>
[[nodiscard]] Plan cheapest_plan(const PredictedWeights<Scalar>& weights, OrderChoice choice, const Setting& setting,
                                 const DataSet& data = {});

}  // namespace ppdl
