#include <ppdl/model/autoencoder.hpp>
#include <ppdl/model/network.hpp>

#include "gradient.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

using namespace ppdl;
using tests::dense_weights;
using tests::expect;
using tests::random_matrix;

namespace {

constexpr Index kSide = 4, kInputs = kSide * kSide, kHidden = 7, kOutputs = 3, kSamples = 70;

/// Compares a model's gradient on all samples with central differences.
void check_gradient(const Model<double>& model, const Samples<double>& samples, const Vector<double>& theta,
                    const Pass& pass) {
  tests::check_gradient(
      [&](const Vector<double>& x, Vector<double>& gradient) {
        return full_value_and_gradient<double>(model, x.data(), samples, pass, 1, gradient.data());
      },
      theta);
}

void networks() {
  const Matrix<double> X = random_matrix(kSamples, kInputs, 1), Y = random_matrix(kSamples, kOutputs, 2);
  const ConstMatrixRef<double> targets(Y);
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < kSamples; ++i) labels.push_back(static_cast<std::int32_t>(i % kOutputs));

  using Choice = DenseSpec<double>::Choice;
  for (const Loss loss : {Loss::softmax, Loss::binary, Loss::squared, Loss::poisson}) {
    for (const Choice order : {Choice::predict, Choice::pool, Choice::automatic}) {
      for (const bool penalise_predicted : {false, true}) {
        Network<double> network({DenseSpec<double>{.weights = tests::kernel_weights(kSide, kHidden), .order = order},
                                 ActivationSpec{.kind = Activation::tanh}, DropoutSpec{.rate = 0.3},
                                 DenseSpec<double>{.weights = dense_weights(kHidden, kOutputs)}},
                                kInputs, {.loss = loss, .alpha = 0.1, .penalise_predicted = penalise_predicted});
        network.plan(kSamples);
        Samples<double> samples{.inputs = X};
        if (loss == Loss::softmax) {
          samples.labels = labels.data();
        } else {
          samples.targets = &targets;
        }
        check_gradient(network, samples, network.initial(4, {}), {.training = true, .seed = 6, .step = 7});
      }
    }
  }
}

void pooled_data_set() {
  const Matrix<double> X = random_matrix(kSamples, kInputs, 1);
  std::vector<std::int32_t> labels(kSamples, 1);
  Network<double> network(
      {DenseSpec<double>{.weights = tests::kernel_weights(kSide, kHidden), .order = DenseSpec<double>::Choice::pool},
       ActivationSpec{.kind = Activation::relu}, DenseSpec<double>{.weights = dense_weights(kHidden, kOutputs)}},
      kInputs, {});
  const Vector<double> theta = network.initial(4, {});
  Vector<double> gradient(theta.size()), pooled_gradient(theta.size());
  const double value = full_value_and_gradient<double>(network, theta.data(), {.inputs = X, .labels = labels.data()},
                                                       {}, 0, gradient.data());
  network.plan(kSamples, kSamples, 1e9);
  expect(network.pools_input(), "the plan doesn't pool");
  const Matrix<double> pooled = network.pool_input(X, 0);
  const double pooled_value = full_value_and_gradient<double>(
      network, theta.data(), {.inputs = pooled, .labels = labels.data()}, {}, 0, pooled_gradient.data());
  expect(std::abs(value - pooled_value) < 1e-12 * value, "values ", value, " and ", pooled_value);
  expect((gradient - pooled_gradient).cwiseAbs().maxCoeff() < 1e-12, "the gradients differ");
}

void autoencoders() {
  const Matrix<double> X = random_matrix(kSamples, kInputs, 1);
  const ConstMatrixRef<double> targets(X);
  const Autoencoder<double> model(tests::kernel_weights(kSide, kHidden), {.decoder_bias = true});
  check_gradient(model, {.inputs = X, .targets = &targets}, model.initial(4, {}), {});
}

void mistakes() {
  const auto build = [](Index n_inputs) {
    (void)Network<double>({DenseSpec<double>{.weights = dense_weights(4, 2)}}, n_inputs, {});
  };
  build(4);
  tests::expect_throws<std::invalid_argument>([&] { build(5); }, "5");
}

}  // namespace

int main() {
  return tests::run({{"networks have the gradient of their loss", networks},
                     {"a pooled data set gives the same value and gradient", pooled_data_set},
                     {"autoencoders have the gradient of their loss", autoencoders},
                     {"layers that don't fit are named", mistakes}});
}
