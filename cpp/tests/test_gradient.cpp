#include <ppdl/dictionary/columns.hpp>
#include <ppdl/model/autoencoder.hpp>
#include <ppdl/model/network.hpp>

#include "expect.hpp"

#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace ppdl;
using tests::expect;

namespace {

constexpr Index kSide = 4, kInputs = kSide * kSide, kHidden = 7, kOutputs = 3, kSamples = 70;

using Weights = std::shared_ptr<const PredictedWeights<double>>;

/// Two columns of squared-exponential atoms, ⌊16 · 0.4⌋ = 6 each; the hidden units don't divide evenly.
Weights kernel_weights(Index n_hidden) {
  DictionaryColumns dictionary = squared_exponential_columns(
      {.height = kSide, .width = kSide, .length_scale = 1.0, .ridge = 0.1, .fraction = 0.4, .n_columns = 2, .seed = 3});
  std::vector<Column<double>> columns;
  for (ColumnAtoms& column : dictionary.columns) {
    const Index n = columns.empty() ? n_hidden / 2 : n_hidden - n_hidden / 2;
    columns.push_back({.n_hidden = n, .atoms = std::move(column.atoms), .mix = std::move(column.mix)});
  }
  auto base = std::make_shared<const Matrix<double>>(std::move(dictionary.base));
  return std::make_shared<const PredictedWeights<double>>(kInputs, std::move(columns), std::move(base));
}

Weights dense_weights(Index n_visible, Index n_hidden) {
  return std::make_shared<const PredictedWeights<double>>(PredictedWeights<double>::identity(n_visible, n_hidden));
}

Matrix<double> random_matrix(Index rows, Index cols, std::uint64_t stream) {
  const Random random(5, stream);
  Matrix<double> X(rows, cols);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = random.uniform(static_cast<std::uint64_t>(i));
  return X;
}

/// Compares the gradient with central differences along every coordinate.
void check_gradient(const Model<double>& model, const Samples<double>& samples, Vector<double> theta,
                    const Pass& pass) {
  Vector<double> gradient(theta.size()), unused(theta.size());
  full_value_and_gradient<double>(model, theta.data(), samples, pass, 1, gradient.data());
  const double scale = gradient.cwiseAbs().maxCoeff();
  expect(scale > 0.0, "the gradient is zero");
  constexpr double step = 1e-5;  // error of the difference: step² and 1e-16 / step, both about 1e-10
  for (Index i = 0; i < theta.size(); ++i) {
    const double at = theta[i];
    theta[i] = at + step;
    const double above = full_value_and_gradient<double>(model, theta.data(), samples, pass, 1, unused.data());
    theta[i] = at - step;
    const double below = full_value_and_gradient<double>(model, theta.data(), samples, pass, 1, unused.data());
    theta[i] = at;
    const double difference = (above - below) / (2.0 * step);
    expect(std::abs(gradient[i] - difference) < 1e-6 * scale, "coordinate ", i, ": gradient ", gradient[i],
           ", central difference ", difference);
  }
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
        Network<double> network({DenseSpec<double>{.weights = kernel_weights(kHidden), .order = order},
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
      {DenseSpec<double>{.weights = kernel_weights(kHidden), .order = DenseSpec<double>::Choice::pool},
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
  const Autoencoder<double> model(kernel_weights(kHidden), {.decoder_bias = true});
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
