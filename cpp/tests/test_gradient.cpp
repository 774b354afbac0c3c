#include <ppdl/autoencoder/autoencoder.hpp>
#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/layer/dropout.hpp>
#include <ppdl/network/network.hpp>

#include "helpers.hpp"

#include <cstdint>
#include <memory>
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
  return value_and_gradient<Scalar>(model, theta.data(), samples, pass, n_threads, gradient.data());
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
Network<Scalar> network(tests::Weights<Scalar> first, OrderChoice order, double dropout, NetworkOptions options) {
  const Index n_inputs = first->n_visible(), n_hidden = first->n_hidden();
  options.batch = kSamples;
  const LayerSpecs<Scalar> layers{std::make_shared<DenseSpec<Scalar>>(first, order),
                                  std::make_shared<ActivationSpec<Scalar>>(Activation::tanh),
                                  std::make_shared<DropoutSpec<Scalar>>(dropout),
                                  std::make_shared<DenseSpec<Scalar>>(dense_weights<Scalar>(n_hidden, kOutputs))};
  return {layers, Shape{.channels = n_inputs}, options};
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
  for (const Loss loss : {Loss::softmax, Loss::binary, Loss::squared, Loss::poisson}) {
    for (const OrderChoice order : {OrderChoice::predict, OrderChoice::pool, OrderChoice::automatic}) {
      for (const bool penalise_predicted : {false, true}) {
        CAPTURE(static_cast<int>(loss));
        CAPTURE(static_cast<int>(order));
        CAPTURE(penalise_predicted);
        const auto model = network<Scalar>(kernel_weights<Scalar>(kSide, kHidden), order, 0.3,
                                           {.loss = loss, .alpha = 0.1, .penalise_predicted = penalise_predicted});
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
  Vector<Scalar> weights(kSamples);
  for (Index i = 0; i < kSamples; ++i) weights[i] = static_cast<Scalar>(i % 4);
  for (const double memory : {0.0, 1e9}) {
    const Autoencoder<Scalar> model(kernel_weights<Scalar>(kSide, kHidden),
                                    {.decoder_bias = true, .data = {.n_samples = kSamples, .memory_limit = memory}});
    check_gradient(model, {.inputs = X, .weights = weights.data()}, {}, model.initial(4, {}));
  }
}

TEST_CASE_TEMPLATE("a pooled data set gives the same value and gradient", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-5;
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  const auto labels = some_labels(kSamples);
  const auto weights = kernel_weights<Scalar>(kSide, kHidden);
  const auto model = network<Scalar>(weights, OrderChoice::pool, 0.0, {});
  const auto pooling = network<Scalar>(weights, OrderChoice::pool, 0.0, {.data = {kSamples, 1e9}});
  REQUIRE(pooling.describe()[0].pooled_once);
  const Vector<Scalar> theta = model.initial(4, {});
  const Samples<Scalar> samples{.inputs = X, .labels = labels.data()};
  Vector<Scalar> expected, received;
  const double value = evaluate(model, samples, {}, theta, expected);
  CHECK(evaluate(pooling, samples, {}, theta, received) == doctest::Approx(value).epsilon(tolerance));
  CHECK(tests::distance(received, expected) < tolerance);
}

TEST_CASE_TEMPLATE("gradients of samples beyond one group add up", Scalar, float, double) {
  constexpr Index n_samples = 2500;
  const Matrix<Scalar> X = random_matrix<Scalar>(n_samples, kInputs, 1);
  const auto labels = some_labels(n_samples);
  const Samples<Scalar> samples{.inputs = X, .labels = labels.data()};
  for (const OrderChoice order : {OrderChoice::predict, OrderChoice::pool}) {
    const auto model = network<Scalar>(kernel_weights<Scalar>(kSide, kHidden), order, 0.0, {});
    const Vector<Scalar> theta = model.initial(4, {});
    Vector<Scalar> sum = Vector<Scalar>::Zero(theta.size()), part(theta.size());
    double loss = 0.0;
    const auto workspace = model.workspace(samples, n_samples, 1);
    for (const Rows& rows : {Rows{.count = 700}, Rows{.first = 700, .count = n_samples - 700}}) {
      loss += model.sums(theta.data(), samples, rows, {}, 1, *workspace, part.data()).loss;
      sum += part;
    }
    const Rows all{.count = n_samples};
    const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-4;
    CHECK(model.sums(theta.data(), samples, all, {}, 1, *workspace, part.data()).loss ==
          doctest::Approx(loss).epsilon(tolerance));
    CHECK(tests::distance(sum, part) < tolerance * static_cast<double>(part.cwiseAbs().maxCoeff()));
  }
}

TEST_CASE_TEMPLATE("networks and autoencoders have the same bits for any number of threads", Scalar, float, double) {
  constexpr Index side = 16, n_hidden = 150, n_samples = 300;  // work enough for several threads
  const Matrix<Scalar> X = random_matrix<Scalar>(n_samples, side * side, 1);
  const auto labels = some_labels(n_samples);
  const auto weights = kernel_weights<Scalar>(side, n_hidden);
  const auto check = [](const Model<Scalar>& model, const Samples<Scalar>& samples, const Vector<Scalar>& theta) {
    const Pass pass{.training = true, .seed = 6};
    Vector<Scalar> one, four;
    CHECK(evaluate(model, samples, pass, theta, one, 1) == evaluate(model, samples, pass, theta, four, 4));
    CHECK(one == four);
  };
  for (const OrderChoice order : {OrderChoice::predict, OrderChoice::pool}) {
    const auto model = network<Scalar>(weights, order, 0.3, {});
    check(model, {.inputs = X, .labels = labels.data()}, model.initial(4, {}));
  }
  const Autoencoder<Scalar> autoencoder(weights, {.decoder_bias = true});
  check(autoencoder, {.inputs = X}, autoencoder.initial(4, {}));
}

TEST_CASE_TEMPLATE("layers that don't fit are named", Scalar, float, double) {
  const auto build = [](Index n_inputs) {
    (void)Network<Scalar>({std::make_shared<DenseSpec<Scalar>>(dense_weights<Scalar>(4, 2))},
                          Shape{.channels = n_inputs}, {});
  };
  CHECK_NOTHROW(build(4));
  CHECK_THROWS_WITH_AS(build(5), doctest::Contains("5"), std::invalid_argument);
}

}  // namespace ppdl
