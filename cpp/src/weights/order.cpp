#include <ppdl/weights/order.hpp>

#include <algorithm>

namespace ppdl {
namespace {

// A product (m, k)(k, n) with small k or n leaves part of the vector units idle and pays for packing; both constants were
// measured with Eigen's products of 64 rows.
constexpr double kHalfSpeedWidth = 40.0;
constexpr double kHalfSpeedDepth = 10.0;
// Moving one gathered number costs about as much as this many multiply-adds at full speed.
constexpr double kGatherCost = 16.0;

double ideal(double m, double k, double n) { return m * k * n; }

double realistic(double m, double k, double n) {
  return m * k * n * (1.0 + kHalfSpeedWidth / n) * (1.0 + kHalfSpeedDepth / k);
}

/// Sums one layer's products under a price for each: `price(m, k, n)` for a product, `gather` for a moved number.
template <class Scalar, class Price>
double total(const PredictedWeights<Scalar>& weights, Order order, const Setting& s, Price price, double gather) {
  const double batch = static_cast<double>(s.batch);
  const double n_visible = static_cast<double>(weights.n_visible());
  const double n_atoms = static_cast<double>(weights.n_atoms());
  const double n_base = weights.base() ? static_cast<double>(weights.base()->cols()) : 0.0;
  const double passes = 1.0 + (s.training ? 1.0 + (s.reverse_input || weights.learned() ? 1.0 : 0.0) : 0.0);
  double sum = 0.0;
  if (order == Order::predict) {
    sum += price(batch, n_visible, static_cast<double>(weights.n_hidden())) *
           (1.0 + (s.training ? 1.0 + (s.reverse_input ? 1.0 : 0.0) : 0.0));
  } else if (order == Order::pool) {
    if (!s.pooled_once) sum += price(batch, n_visible, n_atoms);
    if (s.training && s.reverse_input) sum += price(batch, n_atoms, n_visible);
    if (s.training && weights.learned()) sum += price(n_visible, batch, n_atoms);
  } else {
    if (!s.pooled_once && n_base > 0.0) sum += price(batch, n_visible, n_base);
    if (s.training && s.reverse_input && n_base > 0.0) sum += price(batch, n_base, n_visible);
    if (!weights.is_identity()) sum += gather * batch * n_atoms * (s.training && s.reverse_input ? 2.0 : 1.0);
  }
  for (Index j = 0; j < weights.n_columns(); ++j) {
    const double atoms = static_cast<double>(weights.n_atoms(j)), hidden = static_cast<double>(weights.n_hidden(j));
    if (order == Order::predict) {
      sum += price(n_visible, atoms, hidden) * (1.0 + (s.training ? (weights.learned() ? 2.0 : 1.0) : 0.0));
    } else {
      sum += price(batch, atoms, hidden) * passes;
      if (order == Order::shared && weights.columns()[static_cast<std::size_t>(j)].mix.size() > 0) {
        sum += price(atoms, atoms, hidden) * (s.training ? 2.0 : 1.0);
      }
    }
  }
  return sum;
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

template <class Scalar>
double multiply_adds(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting) {
  return total(weights, order, setting, ideal, 0.0);
}

template <class Scalar>
double dense_multiply_adds(const PredictedWeights<Scalar>& weights, const Setting& setting) {
  const double passes = 1.0 + (setting.training ? 1.0 + (setting.reverse_input ? 1.0 : 0.0) : 0.0);
  return passes * static_cast<double>(setting.batch) * static_cast<double>(weights.n_visible()) *
         static_cast<double>(weights.n_hidden());
}

template <class Scalar>
double effort(const PredictedWeights<Scalar>& weights, Order order, const Setting& setting) {
  return total(weights, order, setting, realistic, kGatherCost);
}

template <class Scalar>
Order cheapest_order(const PredictedWeights<Scalar>& weights, const Setting& setting) {
  if (weights.learned()) {
    return effort(weights, Order::predict, setting) < effort(weights, Order::pool, setting) ? Order::predict
                                                                                            : Order::pool;
  }
  if (!weights.base() && !weights.has_mix()) return Order::shared;  // nothing to pool with: atoms are inputs
  const Order all[] = {Order::pool, Order::shared, Order::predict};
  return *std::min_element(std::begin(all), std::end(all),
                           [&](Order a, Order b) { return effort(weights, a, setting) < effort(weights, b, setting); });
}

template double multiply_adds(const PredictedWeights<float>&, Order, const Setting&);
template double multiply_adds(const PredictedWeights<double>&, Order, const Setting&);
template double dense_multiply_adds(const PredictedWeights<float>&, const Setting&);
template double dense_multiply_adds(const PredictedWeights<double>&, const Setting&);
template double effort(const PredictedWeights<float>&, Order, const Setting&);
template double effort(const PredictedWeights<double>&, Order, const Setting&);
template Order cheapest_order(const PredictedWeights<float>&, const Setting&);
template Order cheapest_order(const PredictedWeights<double>&, const Setting&);

}  // namespace ppdl
