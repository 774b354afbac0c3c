#include <ppdl/base/random.hpp>

#include <ppdl/base/check.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace ppdl {
namespace {

double to_unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32) | low;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

double Random::uniform(std::uint64_t index) const {
  const auto w = words(index);
  return to_unit(w[0], w[1]);
}

double Random::normal(std::uint64_t index) const {
  const auto w = words(index);
  const double u = 1.0 - to_unit(w[0], w[1]);  // in (0, 1], so that the logarithm is finite
  const double v = to_unit(w[2], w[3]);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

Index Random::below(Index bound, std::uint64_t index) const {
  return std::min(static_cast<Index>(uniform(index) * static_cast<double>(bound)), bound - 1);
}

std::vector<Index> Random::permutation(Index n) const {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n - 1; i > 0; --i) {
    const Index j = below(i + 1, static_cast<std::uint64_t>(i));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

std::vector<Index> Random::sample(Index n, Index k) const {
  check(k >= 0 && k <= n, "cannot draw ", k, " distinct numbers from ", n);
  std::vector<Index> chosen = permutation(n);
  chosen.resize(static_cast<std::size_t>(k));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace ppdl
