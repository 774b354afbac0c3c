#include <ppdl/model/autoencoder.hpp>
#include <ppdl/model/network.hpp>

#include "helpers.hpp"

#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace ppdl {
namespace {

using tests::dense_weights;
using tests::kernel_weights;
using tests::random_matrix;

constexpr Index kSide = 4, kInputs = kSide * kSide, kHidden = 7, kOutputs = 3, kSamples = 70;

/// Value and gradient of a model on all samples.
template <class Scalar>
double evaluate(const Model<Scalar>& model, const Samples<Scalar>& samples, const Pass& pass,
                const Vector<Scalar>& theta, Vector<Scalar>& gradient, int n_threads = 1) {
  gradient.resize(theta.size());
  return full_value_and_gradient<Scalar>(model, theta.data(), samples, pass, n_threads, gradient.data());
}

template <class Scalar>
void check_gradient(const Model<Scalar>& model, const Samples<Scalar>& samples, const Pass& pass,
                    const Vector<Scalar>& theta) {
  tests::check_gradient<Scalar>(
      [&](const Vector<Scalar>& x, Vector<Scalar>& gradient) { return evaluate(model, samples, pass, x, gradient); },
      theta);
}

/// A hidden layer of `first` weights, then one of softmax outputs or whatever `options` say.
template <class Scalar>
Network<Scalar> network(tests::Weights<Scalar> first, typename DenseSpec<Scalar>::Choice order, double dropout,
                        const NetworkOptions& options) {
  const Index n_inputs = first->n_visible(), n_hidden = first->n_hidden();
  return {{DenseSpec<Scalar>{.weights = first, .order = order}, ActivationSpec{.kind = Activation::tanh},
           DropoutSpec{.rate = dropout}, DenseSpec<Scalar>{.weights = dense_weights<Scalar>(n_hidden, kOutputs)}},
          n_inputs,
          options};
}

std::vector<std::int32_t> some_labels(Index n) {
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % kOutputs));
  return labels;
}

}  // namespace

TEST_CASE_TEMPLATE("networks have the gradient of their loss", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1),
                       Y = random_matrix<Scalar>(kSamples, kOutputs, 2);
  const ConstMatrixRef<Scalar> targets(Y);
  const auto labels = some_labels(kSamples);
  using Choice = typename DenseSpec<Scalar>::Choice;
  for (const Loss loss : {Loss::softmax, Loss::binary, Loss::squared, Loss::poisson}) {
    for (const Choice order : {Choice::predict, Choice::pool, Choice::automatic}) {
      for (const bool penalise_predicted : {false, true}) {
        CAPTURE(static_cast<int>(loss));
        CAPTURE(static_cast<int>(order));
        CAPTURE(penalise_predicted);
        auto model = network<Scalar>(kernel_weights<Scalar>(kSide, kHidden), order, 0.3,
                                     {.loss = loss, .alpha = 0.1, .penalise_predicted = penalise_predicted});
        model.plan(kSamples);
        Samples<Scalar> samples{.inputs = X};
        if (loss == Loss::softmax) {
          samples.labels = labels.data();
        } else {
          samples.targets = &targets;
        }
        check_gradient(model, samples, {.training = true, .seed = 6, .step = 7}, model.initial(4, {}));
      }
    }
  }
}

TEST_CASE_TEMPLATE("autoencoders have the gradient of their loss", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  const ConstMatrixRef<Scalar> targets(X);
  const Autoencoder<Scalar> model(kernel_weights<Scalar>(kSide, kHidden), {.decoder_bias = true});
  check_gradient(model, {.inputs = X, .targets = &targets}, {}, model.initial(4, {}));
}

TEST_CASE_TEMPLATE("a pooled data set gives the same value and gradient", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-5;
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  const auto labels = some_labels(kSamples);
  auto model = network<Scalar>(kernel_weights<Scalar>(kSide, kHidden), DenseSpec<Scalar>::Choice::pool, 0.0, {});
  const Vector<Scalar> theta = model.initial(4, {});
  Vector<Scalar> expected, received;
  const double value = evaluate(model, {.inputs = X, .labels = labels.data()}, {}, theta, expected);
  model.plan(kSamples, kSamples, 1e9);
  REQUIRE(model.pools_input());
  const Matrix<Scalar> pooled = model.pool_input(X, 0);
  CHECK(evaluate(model, {.inputs = pooled, .labels = labels.data()}, {}, theta, received) ==
        doctest::Approx(value).epsilon(tolerance));
  CHECK(tests::distance(received, expected) < tolerance);
}

TEST_CASE_TEMPLATE("networks and autoencoders have the same bits for any number of threads", Scalar, float, double) {
  constexpr Index side = 16, n_hidden = 150, n_samples = 300;  // work enough for several threads
  const Matrix<Scalar> X = random_matrix<Scalar>(n_samples, side * side, 1);
  const ConstMatrixRef<Scalar> targets(X);
  const auto labels = some_labels(n_samples);
  const auto weights = kernel_weights<Scalar>(side, n_hidden);
  const auto check = [](const Model<Scalar>& model, const Samples<Scalar>& samples, const Vector<Scalar>& theta) {
    const Pass pass{.training = true, .seed = 6};
    Vector<Scalar> one, four;
    CHECK(evaluate(model, samples, pass, theta, one, 1) == evaluate(model, samples, pass, theta, four, 4));
    CHECK(one == four);
  };
  using Choice = typename DenseSpec<Scalar>::Choice;
  for (const Choice order : {Choice::predict, Choice::pool}) {
    const auto model = network<Scalar>(weights, order, 0.3, {});
    check(model, {.inputs = X, .labels = labels.data()}, model.initial(4, {}));
  }
  const Autoencoder<Scalar> autoencoder(weights, {.decoder_bias = true});
  check(autoencoder, {.inputs = X, .targets = &targets}, autoencoder.initial(4, {}));
}

TEST_CASE_TEMPLATE("layers that don't fit are named", Scalar, float, double) {
  const auto build = [](Index n_inputs) {
    (void)Network<Scalar>({DenseSpec<Scalar>{.weights = dense_weights<Scalar>(4, 2)}}, n_inputs, {});
  };
  CHECK_NOTHROW(build(4));
  CHECK_THROWS_WITH_AS(build(5), doctest::Contains("5"), std::invalid_argument);
}

}  // namespace ppdl
