#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/convolution.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/network/network.hpp>

#include "helpers.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

using tests::dense_weights;
using tests::random_matrix;

constexpr Index kSamples = 9, kFilters = 5;
constexpr Shape kImage{.height = 7, .width = 6, .channels = 2};

/// A convolution under one of predicted weights over a 4 x 4 window, then outputs.
template <class Scalar>
Network<Scalar> network(const Window& window) {
  const auto below = std::make_shared<ConvolutionSpec<Scalar>>(dense_weights<Scalar>(3 * 2 * 2, 1),
                                                               Window{.height = 3, .width = 2, .padding_y = 1});
  const auto tanh = std::make_shared<ActivationSpec<Scalar>>(Activation::tanh);
  const auto above = std::make_shared<ConvolutionSpec<Scalar>>(tests::kernel_weights<Scalar>(4, kFilters), window);
  const Index n = above->output_shape(below->output_shape(kImage)).size();
  const auto outputs = std::make_shared<DenseSpec<Scalar>>(dense_weights<Scalar>(n, 2));
  return {{below, tanh, above, tanh, outputs}, kImage, {.loss = Loss::squared}};
}

/// Two columns of atoms over a 4 x 4 window, the same in both channels, that are outer products.
template <class Scalar>
tests::Weights<Scalar> separable_weights(Index n_hidden) {
  constexpr Index side = 4;
  Separable<Scalar> factors{.factors_y = Matrix<Scalar>(side, side), .factors_x = {}, .pairs = {}};
  for (Index i = 0; i < side; ++i) {
    for (Index j = 0; j < side; ++j)
      factors.factors_y(i, j) = static_cast<Scalar>(std::exp(-0.5 * static_cast<double>((i - j) * (i - j))));
  }
  factors.factors_x = factors.factors_y * Scalar(2);
  auto base = std::make_shared<Matrix<Scalar>>(side * side, side * side);
  for (Index y = 0; y < side; ++y) {
    for (Index x = 0; x < side; ++x) {
      const Index atom = static_cast<Index>(factors.pairs.size());
      factors.pairs.push_back({y, x});
      for (Index r = 0; r < side; ++r) {
        base->col(atom).segment(r * side, side) = factors.factors_y(r, y) * factors.factors_x.col(x);
      }
    }
  }
  std::vector<Column<Scalar>> columns{
      {.n_hidden = 2, .atoms = {1, 6, 11}, .mix = tests::random_matrix<Scalar>(3, 3, 7)},
      {.n_hidden = n_hidden - 2, .atoms = {0, 6, 7, 15}, .mix = {}}};
  return std::make_shared<const PredictedWeights<Scalar>>(
      side * side * 2, std::move(columns), std::move(base),
      Structure<Scalar>{.n_channels = 2, .separable = std::move(factors)});
}

}  // namespace

TEST_CASE_TEMPLATE("a convolution that pools first computes what one that predicts does", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-4;
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kImage.size(), 1), Y = random_matrix<Scalar>(kSamples, 2, 2);
  const ConstMatrixRef<Scalar> targets(Y);
  const Samples<Scalar> samples{.inputs = X, .targets = &targets};
  std::vector<Vector<Scalar>> gradients;
  for (const OrderChoice order : {OrderChoice::predict, OrderChoice::pool}) {
    const auto below = std::make_shared<ConvolutionSpec<Scalar>>(dense_weights<Scalar>(2, 2), Window{});
    const auto above = std::make_shared<ConvolutionSpec<Scalar>>(
        separable_weights<Scalar>(kFilters), Window{.height = 4, .width = 4, .padding_y = 2, .padding_x = 1}, order);
    const Index n = above->output_shape(kImage).size();
    const auto outputs = std::make_shared<DenseSpec<Scalar>>(dense_weights<Scalar>(n, 2));
    const Network<Scalar> model({below, above, outputs}, kImage, {.loss = Loss::squared});
    const Vector<Scalar> theta = model.initial(4, {});
    gradients.emplace_back(theta.size());
    (void)value_and_gradient<Scalar>(model, theta.data(), samples, {.training = true}, 2, gradients.back().data());
  }
  const double scale = static_cast<double>(gradients[0].cwiseAbs().maxCoeff());
  CHECK(tests::distance(gradients[0], gradients[1]) < tolerance * scale);
}

TEST_CASE_TEMPLATE("convolutions have the gradient of their loss, and the same bits for any number of threads", Scalar,
                   float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kImage.size(), 1), Y = random_matrix<Scalar>(kSamples, 2, 2);
  const ConstMatrixRef<Scalar> targets(Y);
  const Samples<Scalar> samples{.inputs = X, .targets = &targets};
  for (const Window& window : {Window{.height = 4, .width = 4},
                               Window{.height = 4, .width = 4, .stride_y = 2, .stride_x = 3, .padding_x = 2}}) {
    const auto model = network<Scalar>(window);
    const auto evaluate = [&](const Vector<Scalar>& theta, Vector<Scalar>& gradient, int n_threads) {
      return value_and_gradient<Scalar>(model, theta.data(), samples, {.training = true}, n_threads, gradient.data());
    };
    const Vector<Scalar> theta = model.initial(4, {});
    tests::check_gradient<Scalar>(
        [&](const Vector<Scalar>& x, Vector<Scalar>& gradient) { return evaluate(x, gradient, 1); }, theta);
    Vector<Scalar> one(theta.size()), three(theta.size());
    CHECK(evaluate(theta, one, 1) == evaluate(theta, three, 3));
    CHECK(one == three);
  }
}

TEST_CASE_TEMPLATE("windows that don't fit are named", Scalar, float, double) {
  CHECK_THROWS_WITH_AS((void)network<Scalar>({.height = 4, .width = 9}), doctest::Contains("4 x 9"),
                       std::invalid_argument);
}

}  // namespace ppdl
