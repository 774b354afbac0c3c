// Trains a network of which a twentieth of the first layer is learned, and predicts: tells the angle of a grating in noise.
#include <ppdl/dictionary/columns.hpp>
#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/network/network.hpp>
#include <ppdl/train/trainer.hpp>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

using namespace ppdl;

namespace {

constexpr Index kSide = 20, kPixels = kSide * kSide, kClasses = 4, kHidden = 64, kColumns = 4;

struct Gratings {
  Matrix<float> X;  // (n, kPixels)
  std::vector<std::int32_t> labels;
};

Gratings draw(Index n, std::uint64_t seed) {
  const Random random(seed);
  Gratings gratings{Matrix<float>(n, kPixels), std::vector<std::int32_t>(static_cast<std::size_t>(n))};
  for (Index i = 0; i < n; ++i) {
    const auto label = static_cast<std::int32_t>(i % kClasses);
    const double angle = std::numbers::pi * label / kClasses;
    const double phase = 2.0 * std::numbers::pi * Random(seed, 1).uniform(static_cast<std::uint64_t>(i));
    for (Index pixel = 0; pixel < kPixels; ++pixel) {
      const double along =
          std::cos(angle) * static_cast<double>(pixel % kSide) + std::sin(angle) * static_cast<double>(pixel / kSide);
      const double noise = 1.5 * random.normal(static_cast<std::uint64_t>(i * kPixels + pixel));
      gratings.X(i, pixel) = static_cast<float>(std::sin(0.8 * along + phase) + noise);
    }
    gratings.labels[static_cast<std::size_t>(i)] = label;
  }
  return gratings;
}

/// W = [U_1V_1 … U_4V_4]: each column has its own 5 % of the pixels as atoms of a squared-exponential dictionary.
std::shared_ptr<const PredictedWeights<float>> predicted_weights() {
  DictionaryColumns dictionary = squared_exponential_columns(
      {.height = kSide, .width = kSide, .length_scale = 1.5, .ridge = 0.1, .fraction = 0.05, .n_columns = kColumns});
  std::vector<Column<float>> columns;
  for (ColumnAtoms& column : dictionary.columns) {
    columns.push_back(
        {.n_hidden = kHidden / kColumns, .atoms = std::move(column.atoms), .mix = column.mix.cast<float>()});
  }
  auto base = std::make_shared<const Matrix<float>>(dictionary.base.cast<float>());
  return std::make_shared<const PredictedWeights<float>>(kPixels, std::move(columns), std::move(base));
}

}  // namespace

int main() {
  const Gratings train = draw(2000, 1), test = draw(1000, 2);
  constexpr Index batch_size = 50;

  const auto first = predicted_weights();
  const LayerSpecs<float> layers{
      std::make_shared<DenseSpec<float>>(first), std::make_shared<ActivationSpec<float>>(Activation::relu),
      std::make_shared<DenseSpec<float>>(PredictedWeights<float>::identity(kHidden, kClasses))};
  const auto network = std::make_shared<Network<float>>(
      layers, Shape{.height = kSide, .width = kSide},
      NetworkOptions{.loss = Loss::softmax, .batch = batch_size, .data = {.n_samples = 2000, .memory_limit = 1e9}});
  std::cout << "first layer: " << first->n_dynamic() << " of " << kPixels * kHidden << " parameters learned\n";

  Vector<float> theta = network->initial(0, {});
  Trainer<float> trainer(network, std::make_shared<Adam<float>>(), {.inputs = train.X, .labels = train.labels.data()},
                         {.batch_size = batch_size});
  const std::vector<double> rates(train.labels.size() / batch_size, 1e-2);
  for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
    const std::vector<Index> order = Random(0, epoch).permutation(train.X.rows());
    const double loss = trainer.epoch(theta, order, rates);
    std::cout << "epoch " << epoch + 1 << ": loss " << loss << '\n';
  }

  const Matrix<float> probabilities = network->predictor(theta.data()).predict(test.X, 0);
  Index n_right = 0;
  for (Index i = 0; i < test.X.rows(); ++i) {
    Index label = 0;
    probabilities.row(i).maxCoeff(&label);
    n_right += label == test.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  std::cout << "test accuracy: " << static_cast<double>(n_right) / static_cast<double>(test.X.rows()) << '\n';
}
