#include <ppdl/weights/order.hpp>

#include <ppdl/base/check.hpp>

#include <cmath>
#include <limits>

namespace ppdl {
namespace {

// Numbers that a product's kernel computes at a time, whether wanted or not.
constexpr double kWidth = 16.0;
// A product of so little depth spends half its time on loading and storing the result.
constexpr double kHalfSpeedDepth = 10.0;
// Moving one gathered number costs about as much as this many multiply-adds at full speed.
constexpr double kGatherCost = 16.0;
// Moving one in a block, as where channels are taken apart.
constexpr double kMoveCost = 16.0;

double ideal(double m, double k, double n) { return m * k * n; }

double realistic(double m, double k, double n) { return m * (k + kHalfSpeedDepth) * std::ceil(n / kWidth) * kWidth; }

/// Sums one layer's products under a price for each: `price(m, k, n)` for a product, `gather` for a gathered number, `moved`
/// for one that is brought from one order of channels into another.
template <class Scalar, class Price>
double total(const PredictedWeights<Scalar>& weights, Order order, const Setting& s, Price price, double gather,
             double moved) {
  const double batch = static_cast<double>(s.batch);
  const double n_visible = static_cast<double>(weights.n_visible());
  const double n_points = static_cast<double>(weights.n_points());
  const double channels = static_cast<double>(weights.n_channels());
  const double n_atoms = static_cast<double>(weights.n_atoms());
  const double n_base = weights.base() ? static_cast<double>(weights.base()->cols()) : 0.0;
  const double passes = s.n_passes();
  // X (S ⊗ I) by one channel at a time, which are taken apart before and put together after.
  const auto in_channels = [&](double k, double n) {
    return price(batch * channels, k, n) + (channels > 1.0 ? moved * batch * channels * (k + n) : 0.0);
  };
  double sum = 0.0;
  if (order == Order::predict) {
    sum += price(batch, n_visible, static_cast<double>(weights.n_hidden())) * passes;
  } else if (order == Order::pool) {
    if (!s.pooled_once) sum += in_channels(n_points, n_atoms / channels);
    if (s.makes_input_gradient()) sum += in_channels(n_atoms / channels, n_points);
  } else {
    if (!s.pooled_once && n_base > 0.0) sum += in_channels(n_points, n_base);
    if (s.makes_input_gradient() && n_base > 0.0) sum += in_channels(n_base, n_points);
    if (!weights.in_order()) sum += gather * batch * n_atoms * (s.makes_input_gradient() ? 2.0 : 1.0);
  }
  for (Index j = 0; j < weights.n_columns(); ++j) {
    const double atoms = static_cast<double>(weights.n_atoms(j)), hidden = static_cast<double>(weights.n_hidden(j));
    const double point_atoms = atoms / channels;
    if (order == Order::predict) {  // W, and V's gradient from W's; selected inputs' rows are only moved
      const double once = weights.selects() ? gather * atoms * hidden : price(n_points, point_atoms, channels * hidden);
      sum += once * (s.training ? 2.0 : 1.0);
    } else {
      sum += price(batch, atoms, hidden) * passes;
      if (order == Order::shared && weights.columns()[static_cast<std::size_t>(j)].mix.size() > 0) {
        sum += price(point_atoms, point_atoms, channels * hidden) * (s.training ? 2.0 : 1.0);
      }
    }
  }
  return sum;
}

/// Columns of the static part, XU or XB; 0 where there is nothing to compute ahead.
template <class Scalar>
Index pooled_width(const PredictedWeights<Scalar>& weights, Order order) {
  if (order == Order::predict || weights.selects()) return 0;
  if (order == Order::pool) return weights.n_atoms();
  return weights.base() ? weights.base()->cols() * weights.n_channels() : 0;
}

}  // namespace

std::string_view to_string(Order order) {
  switch (order) {
    case Order::predict:
      return "predict";
    case Order::pool:
      return "pool";
    default:
      return "shared";
  }
}

OrderChoice order_choice_from_string(std::string_view name) {
  if (name == "auto") return OrderChoice::automatic;
  if (name == "predict") return OrderChoice::predict;
  check(name == "pool", "order: received '", name, "'; expected auto, predict or pool");
  return OrderChoice::pool;
}

template <class Scalar>
std::vector<Order> legal_orders(const PredictedWeights<Scalar>& weights, OrderChoice choice) {
  check(!weights.learned(), "a learned dictionary (LowRank) is two layers, each with an order of its own");
  if (choice == OrderChoice::predict) return {Order::predict};
  std::vector<Order> orders;
  if (weights.selects() || weights.base()) orders.push_back(Order::shared);
  if (!weights.selects()) orders.push_back(Order::pool);
  if (choice == OrderChoice::automatic && !weights.is_identity()) orders.push_back(Order::predict);
  return orders;
}

template <class Scalar>
double multiply_adds(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting) {
  return total(weights, order, setting, ideal, 0.0, 0.0);
}

double dense_multiply_adds(Index n_visible, Index n_hidden, const Setting& setting) {
  return setting.n_passes() * static_cast<double>(setting.batch) * static_cast<double>(n_visible) *
         static_cast<double>(n_hidden);
}

template <class Scalar>
double effort(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting) {
  return total(weights, order, setting, realistic, kGatherCost, kMoveCost);
}

template <class Scalar>
Plan cheapest_plan(const PredictedWeights<Scalar>& weights, OrderChoice choice, const Setting& setting,
                   const DataSet& data) {
  Plan best;
  double least = std::numeric_limits<double>::infinity();
  Setting tried = setting;
  for (const Order order : legal_orders(weights, choice)) {
    const double bytes =
        static_cast<double>(data.n_samples) * static_cast<double>(pooled_width(weights, order)) * sizeof(Scalar);
    for (const bool once : {false, true}) {
      if (once && (bytes == 0.0 || bytes > data.memory_limit)) continue;
      tried.pooled_once = once;
      const double cost = effort(weights, order, tried);
      if (cost < least) {
        least = cost;
        best = {order, once};
      }
    }
  }
  return best;
}

#define PPDL_INSTANTIATE(Scalar)                                                          \
  template std::vector<Order> legal_orders(const PredictedWeights<Scalar>&, OrderChoice); \
  template double multiply_adds(const PredictedWeights<Scalar>&, Order, const Setting&);  \
  template double effort(const PredictedWeights<Scalar>&, Order, const Setting&);         \
  template Plan cheapest_plan(const PredictedWeights<Scalar>&, OrderChoice, const Setting&, const DataSet&);

PPDL_INSTANTIATE(float)
PPDL_INSTANTIATE(double)
#undef PPDL_INSTANTIATE

}  // namespace ppdl
