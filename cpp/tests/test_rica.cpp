#include <ppdl/model/rica.hpp>

#include "gradient.hpp"

#include <cmath>
#include <stdexcept>

using namespace ppdl;
using tests::expect;

namespace {

constexpr Index kSide = 4, kInputs = kSide * kSide, kComponents = 21, kSamples = 60;

Vector<double> start(Index n) { return tests::random_matrix(n, 1, 9).array() - 0.4; }

void gradients() {
  const Matrix<double> X = tests::random_matrix(kSamples, kInputs, 1);
  for (const Contrast contrast : {Contrast::smooth_l1, Contrast::logcosh, Contrast::exponential}) {
    for (const auto& weights :
         {tests::dense_weights(kInputs, kComponents), tests::kernel_weights(kSide, kComponents)}) {
      for (const double memory : {1e9, 0.0}) {
        const RicaObjective<double> rica(
            weights, X, {.contrast = contrast, .contrast_epsilon = 1e-2, .sparsity = 0.3, .memory_limit = memory}, {},
            1);
        tests::check_gradient([&](const auto& v, auto& g) { return rica.value_and_gradient(v, g, 1); },
                              start(rica.n_parameters()));
      }
    }
  }
}

/// The reconstruction error that the second moment gives is that of the samples, one by one.
void moments() {
  const Matrix<double> X = tests::random_matrix(kSamples, kInputs, 1);
  const RicaObjective<double> rica(tests::dense_weights(kInputs, kComponents), X, {}, {}, 1);
  const Vector<double> V = start(rica.n_parameters());
  const Matrix<double> W = rica.normalised_weights(V, 1);
  const double expected = 0.5 * (X * W * W.transpose() - X).squaredNorm() / kSamples;
  const double received = rica.terms(V, 1).reconstruction;
  expect(std::abs(received - expected) < 1e-12 * expected, "received ", received, ", expected ", expected);
}

void threads() {
  const Matrix<double> X = tests::random_matrix(5000, kInputs, 1);
  const RicaObjective<double> rica(tests::kernel_weights(kSide, kComponents), X, {}, {}, 1);
  const Vector<double> V = start(rica.n_parameters());
  Vector<double> one(V.size()), three(V.size());
  expect(rica.value_and_gradient(V, one, 1) == rica.value_and_gradient(V, three, 3), "the values differ");
  expect(one == three, "the gradients differ");
}

void mistakes() {
  const Matrix<double> X = tests::random_matrix(kSamples, kInputs, 1);
  const auto weights = tests::dense_weights(kInputs, kComponents);
  tests::expect_throws<std::invalid_argument>(
      [&] { (void)RicaObjective<double>(weights, X, {.sparsity = -1.0}, {}, 1); }, "sparsity: received -1");
  tests::expect_throws<std::invalid_argument>([&] { (void)RicaObjective<double>(weights, X.leftCols(5), {}, {}, 1); },
                                              "received 5, expected 16");
}

}  // namespace

int main() {
  return tests::run({{"the gradient is that of the value, for each contrast, dense, pooled and predicted", gradients},
                     {"the second moment gives the reconstruction error of the samples", moments},
                     {"one thread and three give the same bits", threads},
                     {"options out of range and samples of another width are named", mistakes}});
}
