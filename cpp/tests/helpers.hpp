/// @file
/// A gradient held against central differences, and weights, data and starts to try it on.
#pragma once

#include <ppdl/base/random.hpp>
#include <ppdl/dictionary/columns.hpp>
#include <ppdl/weights/predicted_weights.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace ppdl::tests {

template <class Scalar>
using Weights = std::shared_ptr<const PredictedWeights<Scalar>>;

/// Two columns of squared-exponential atoms over side × side inputs, 0.4 of them each; uneven where `n_hidden` is odd.
template <class Scalar>
Weights<Scalar> kernel_weights(Index side, Index n_hidden) {
  DictionaryColumns dictionary = squared_exponential_columns(
      {.height = side, .width = side, .length_scale = 1.0, .ridge = 0.1, .fraction = 0.4, .n_columns = 2, .seed = 3});
  std::vector<Column<Scalar>> columns;
  for (ColumnAtoms& column : dictionary.columns) {
    const Index n = columns.empty() ? n_hidden / 2 : n_hidden - n_hidden / 2;
    columns.push_back({.n_hidden = n, .atoms = std::move(column.atoms), .mix = column.mix.template cast<Scalar>()});
  }
  auto base = std::make_shared<const Matrix<Scalar>>(dictionary.base.template cast<Scalar>());
  return std::make_shared<const PredictedWeights<Scalar>>(side * side, std::move(columns), std::move(base));
}

template <class Scalar>
Weights<Scalar> dense_weights(Index n_visible, Index n_hidden) {
  return PredictedWeights<Scalar>::identity(n_visible, n_hidden);
}

/// Uniform in [0, 1).
template <class Scalar>
Matrix<Scalar> random_matrix(Index rows, Index cols, std::uint64_t stream) {
  const Random random(5, stream);
  Matrix<Scalar> X(rows, cols);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(i)));
  return X;
}

/// The largest difference between two arrays' elements, in double.
template <class A, class B>
double distance(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  return (a.template cast<double>() - b.template cast<double>()).cwiseAbs().maxCoeff();
}

/// Compares `f`'s gradient, which it writes, with central differences of its value along every coordinate.
template <class Scalar>
void check_gradient(const std::function<double(const Vector<Scalar>&, Vector<Scalar>&)>& f, Vector<Scalar> x) {
  // The difference errs by about step² and epsilon / step.
  constexpr bool is_double = std::is_same_v<Scalar, double>;
  constexpr Scalar step = is_double ? 1e-5 : 1.0F / 64;
  constexpr double tolerance = is_double ? 1e-6 : 1e-2;
  Vector<Scalar> gradient(x.size()), unused(x.size());
  f(x, gradient);
  const double scale = gradient.cwiseAbs().maxCoeff();
  REQUIRE(scale > 0.0);
  for (Index i = 0; i < x.size(); ++i) {
    const Scalar at = x[i], over = at + step, under = at - step;
    x[i] = over;
    const double above = f(x, unused);
    x[i] = under;
    const double below = f(x, unused);
    x[i] = at;
    const double difference = (above - below) / (static_cast<double>(over) - static_cast<double>(under));
    CAPTURE(i);
    CAPTURE(difference);
    CHECK(std::abs(gradient[i] - difference) < tolerance * scale);
  }
}

}  // namespace ppdl::tests
