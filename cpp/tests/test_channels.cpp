#include <ppdl/base/parallel.hpp>
#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/network/network.hpp>
#include <ppdl/weights/channels.hpp>
#include <ppdl/weights/evaluation.hpp>

#include "helpers.hpp"

#include <array>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

using tests::distance;
using tests::random_matrix;

constexpr Index kSide = 7, kPoints = kSide * kSide, kChannels = 3, kHidden = 10, kSamples = 70;

/// Two columns of squared-exponential atoms over the points, the same in each channel.
template <class Scalar>
tests::Weights<Scalar> in_channels() {
  const auto points = tests::kernel_weights<Scalar>(kSide, kHidden);
  return std::make_shared<const PredictedWeights<Scalar>>(kPoints * kChannels, points->columns(), points->base(),
                                                          Structure<Scalar>{.n_channels = kChannels});
}

/// The same dictionaries over all inputs.
template <class Scalar>
tests::Weights<Scalar> expanded(const PredictedWeights<Scalar>& w) {
  std::vector<Column<Scalar>> columns;
  for (const auto& [n_hidden, points, mix] : w.columns()) {
    std::vector<Index> atoms;
    for (const Index point : points) {
      for (Index k = 0; k < kChannels; ++k) atoms.push_back(point * kChannels + k);
    }
    columns.push_back(
        {.n_hidden = n_hidden, .atoms = std::move(atoms), .mix = in_each_channel<Scalar>(mix, kChannels)});
  }
  auto base = std::make_shared<const Matrix<Scalar>>(in_each_channel<Scalar>(*w.base(), kChannels));
  return std::make_shared<const PredictedWeights<Scalar>>(w.n_visible(), std::move(columns), std::move(base));
}

template <class Scalar>
struct Results {
  Matrix<Scalar> Z, dX;
  Vector<Scalar> dV;
};

template <class Scalar>
Results<Scalar> evaluate(const tests::Weights<Scalar>& weights, const Plan& plan, const Vector<Scalar>& V,
                         const Matrix<Scalar>& X, const Matrix<Scalar>& dZ, int n_threads) {
  const Evaluation<Scalar> evaluation(weights, plan);
  auto scratch = evaluation.scratch(X.rows(), true, true);
  const Matrix<Scalar> inputs = plan.pooled_once ? evaluation.pool(X, n_threads) : X;
  Results<Scalar> made;
  made.Z.resize(X.rows(), weights->n_hidden());
  made.dX.setZero(X.rows(), X.cols());
  made.dV.resize(V.size());
  parallel_for(evaluation.n_prepare_tasks(), n_threads, [&](Index t) { evaluation.prepare(t, V.data(), scratch); });
  evaluation.forward(0, inputs, made.Z, scratch);
  MatrixRef<Scalar> dX = made.dX;
  evaluation.reverse(0, dZ, plan.pooled_once ? nullptr : &dX, scratch);
  parallel_for(evaluation.n_gradient_tasks(), n_threads,
               [&](Index t) { evaluation.gradient(t, inputs, made.dV.data(), Into::overwrite, scratch); });
  parallel_for(evaluation.n_finish_tasks(), n_threads, [&](Index t) { evaluation.finish(t, made.dV.data(), scratch); });
  return made;
}

}  // namespace

TEST_CASE_TEMPLATE("a dictionary over points is the one over all channels", Scalar, float, double) {
  const auto points = in_channels<Scalar>(), whole = expanded<Scalar>(*points);
  const double tolerance = 1e3 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  CHECK(points->n_dynamic() == whole->n_dynamic());
  CHECK(points->n_static() == whole->n_static());
  CHECK(points->point_dictionary().rows() == kPoints);
  CHECK(distance(points->dictionary(), whole->dictionary()) < tolerance);
  CHECK(distance(points->dictionary(1), whole->dictionary(1)) < tolerance);

  const Vector<Scalar> V = random_matrix<Scalar>(points->n_dynamic(), 1, 1).col(0).array() - Scalar(0.5);
  const Matrix<Scalar> W = points->materialise(V);
  CHECK(distance(W, whole->materialise(V)) < tolerance);
  CHECK(distance(points->project(W, V), whole->project(W, V)) < 10 * tolerance);
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, points->n_visible(), 2);
  const Matrix<Scalar> dZ = random_matrix<Scalar>(kSamples, kHidden, 3);
  for (const Plan& plan : {Plan{Order::predict}, Plan{Order::pool}, Plan{Order::shared}, Plan{Order::pool, true},
                           Plan{Order::shared, true}}) {
    CAPTURE(to_string(plan.order));
    const Results<Scalar> received = evaluate<Scalar>(points, plan, V, X, dZ, 1);
    const Results<Scalar> expected = evaluate<Scalar>(whole, plan, V, X, dZ, 1);
    CHECK(distance(received.Z, expected.Z) < tolerance * (1.0 + expected.Z.cwiseAbs().maxCoeff()));
    CHECK(distance(received.dX, expected.dX) < tolerance * (1.0 + expected.dX.cwiseAbs().maxCoeff()));
    CHECK(distance(received.dV, expected.dV) < tolerance * (1.0 + expected.dV.cwiseAbs().maxCoeff()));
    const Results<Scalar> by_three = evaluate<Scalar>(points, plan, V, X, dZ, 3);
    CHECK(by_three.Z == received.Z);
    CHECK(by_three.dV == received.dV);
  }
}

TEST_CASE_TEMPLATE("layers of weights in channels have the gradient of their loss", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(9, kPoints * kChannels, 1), Y = random_matrix<Scalar>(9, 2, 2);
  const ConstMatrixRef<Scalar> targets(Y);
  const Samples<Scalar> samples{.inputs = X, .targets = &targets};
  for (const OrderChoice order : {OrderChoice::predict, OrderChoice::pool}) {
    const LayerSpecs<Scalar> layers{std::make_shared<DenseSpec<Scalar>>(in_channels<Scalar>(), order),
                                    std::make_shared<ActivationSpec<Scalar>>(Activation::tanh),
                                    std::make_shared<DenseSpec<Scalar>>(tests::dense_weights<Scalar>(kHidden, 2))};
    const Network<Scalar> network(layers, Shape{.channels = kPoints * kChannels},
                                  {.loss = Loss::squared, .alpha = 0.1, .penalise_predicted = true, .batch = 9});
    const Vector<Scalar> theta = network.initial(1, {});
    tests::check_gradient<Scalar>(
        [&](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
          return value_and_gradient<Scalar>(network, x.data(), samples, {}, 1, gradient.data());
        },
        theta);
  }
}

TEST_CASE("weights in channels are refused where the sizes do not fit, and predicted in whole points") {
  const auto points = in_channels<double>();
  using Made = PredictedWeights<double>;
  CHECK_THROWS_AS(Made(kPoints * kChannels, points->columns(), points->base(), {.n_channels = 2}),
                  std::invalid_argument);
  CHECK_THROWS_AS(Made(kPoints, points->columns(), nullptr, {.learned = true, .n_channels = kSide}),
                  std::invalid_argument);
  Separable<double> factors{.factors_y = Matrix<double>::Ones(kSide, 1),
                            .factors_x = Matrix<double>::Ones(kSide, 1),
                            .pairs = std::vector<std::array<Index, 2>>(static_cast<std::size_t>(kPoints), {0, 0})};
  const Structure<double> fits{.n_channels = kChannels, .separable = factors};
  CHECK(Made(kPoints * kChannels, points->columns(), points->base(), fits).separable()->factors_y.rows() == kSide);
  factors.pairs.front() = {0, 1};
  const Structure<double> outside{.n_channels = kChannels, .separable = factors};
  CHECK_THROWS_AS(Made(kPoints * kChannels, points->columns(), points->base(), outside), std::invalid_argument);

  const Vector<double> V = Vector<double>::Ones(points->n_dynamic());
  Matrix<double> W(kChannels + 1, kHidden);
  CHECK_THROWS_AS(points->materialise(V.data(), kChannels, W), std::invalid_argument);
  CHECK_THROWS_AS(points->materialise(V.data(), 1, W.topRows(kChannels)), std::invalid_argument);
}

}  // namespace ppdl
