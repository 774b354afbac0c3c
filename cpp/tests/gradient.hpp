/// @file
/// A gradient held against central differences, and weights to try it on.
#pragma once

#include <ppdl/base/random.hpp>
#include <ppdl/dictionary/columns.hpp>
#include <ppdl/weights/predicted_weights.hpp>

#include "expect.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace ppdl::tests {

using Weights = std::shared_ptr<const PredictedWeights<double>>;

/// Two columns of squared-exponential atoms over side × side inputs, 0.4 of them each; uneven where `n_hidden` is odd.
inline Weights kernel_weights(Index side, Index n_hidden) {
  DictionaryColumns dictionary = squared_exponential_columns(
      {.height = side, .width = side, .length_scale = 1.0, .ridge = 0.1, .fraction = 0.4, .n_columns = 2, .seed = 3});
  std::vector<Column<double>> columns;
  for (ColumnAtoms& column : dictionary.columns) {
    const Index n = columns.empty() ? n_hidden / 2 : n_hidden - n_hidden / 2;
    columns.push_back({.n_hidden = n, .atoms = std::move(column.atoms), .mix = std::move(column.mix)});
  }
  auto base = std::make_shared<const Matrix<double>>(std::move(dictionary.base));
  return std::make_shared<const PredictedWeights<double>>(side * side, std::move(columns), std::move(base));
}

inline Weights dense_weights(Index n_visible, Index n_hidden) {
  return std::make_shared<const PredictedWeights<double>>(PredictedWeights<double>::identity(n_visible, n_hidden));
}

/// Uniform in [0, 1).
inline Matrix<double> random_matrix(Index rows, Index cols, std::uint64_t stream) {
  const Random random(5, stream);
  Matrix<double> X(rows, cols);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = random.uniform(static_cast<std::uint64_t>(i));
  return X;
}

/// Compares `f`'s gradient, which it writes, with central differences of its value along every coordinate.
inline void check_gradient(const std::function<double(const Vector<double>&, Vector<double>&)>& f, Vector<double> x) {
  Vector<double> gradient(x.size()), unused(x.size());
  f(x, gradient);
  const double scale = gradient.cwiseAbs().maxCoeff();
  expect(scale > 0.0, "the gradient is zero");
  constexpr double step = 1e-5;  // error of the difference: step² and 1e-16 / step, both about 1e-10
  for (Index i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + step;
    const double above = f(x, unused);
    x[i] = at - step;
    const double below = f(x, unused);
    x[i] = at;
    const double difference = (above - below) / (2.0 * step);
    expect(std::abs(gradient[i] - difference) < 1e-6 * scale, "coordinate ", i, ": gradient ", gradient[i],
           ", central difference ", difference);
  }
}

}  // namespace ppdl::tests
