#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/convolution.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/network/network.hpp>

#include "helpers.hpp"

#include <memory>
#include <stdexcept>

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

}  // namespace

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
