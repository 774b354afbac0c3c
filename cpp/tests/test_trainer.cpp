#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/layer/dropout.hpp>
#include <ppdl/network/network.hpp>
#include <ppdl/train/trainer.hpp>

#include "helpers.hpp"

#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

constexpr Index kSide = 16, kHidden = 150, kOutputs = 2, kSamples = 300, kBatch = 100;

/// θ and the last loss of three epochs of a network with a hidden layer and dropout.
template <class Scalar>
std::pair<Vector<Scalar>, double> train(std::shared_ptr<Optimizer<Scalar>> optimizer, int n_threads) {
  const Matrix<Scalar> X = tests::random_matrix<Scalar>(kSamples, kSide * kSide, 1);
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < kSamples; ++i) labels.push_back(static_cast<std::int32_t>(i % kOutputs));
  const LayerSpecs<Scalar> layers{std::make_shared<DenseSpec<Scalar>>(tests::kernel_weights<Scalar>(kSide, kHidden)),
                                  std::make_shared<ActivationSpec<Scalar>>(Activation::relu),
                                  std::make_shared<DropoutSpec<Scalar>>(0.2),
                                  std::make_shared<DenseSpec<Scalar>>(tests::dense_weights<Scalar>(kHidden, kOutputs))};
  const auto network = std::make_shared<const Network<Scalar>>(layers, Shape{.channels = kSide * kSide},
                                                               NetworkOptions{.alpha = 1e-3, .batch = kBatch});
  Vector<Scalar> theta = network->initial(4, {});
  Trainer<Scalar> trainer(network, std::move(optimizer), {.inputs = X, .labels = labels.data()},
                          {.batch_size = kBatch, .max_column_norm = 2.0, .n_threads = n_threads});
  std::vector<Index> order(kSamples);
  std::iota(order.begin(), order.end(), Index{0});
  const std::vector<double> rates(kSamples / kBatch, 0.01);
  double loss = 0.0;
  for (int epoch = 0; epoch < 3; ++epoch) loss = trainer.epoch(theta, order, rates, 6);
  return {theta, loss};
}

}  // namespace

TEST_CASE_TEMPLATE("epochs are the same bits for any number of threads", Scalar, float, double) {
  const auto one = train<Scalar>(std::make_shared<Adam<Scalar>>(AdamOptions{}), 1);
  const auto four = train<Scalar>(std::make_shared<Adam<Scalar>>(AdamOptions{}), 4);
  CHECK(one.first == four.first);
  CHECK(one.second == four.second);
}

}  // namespace ppdl
