#include <ppdl/rica/rica.hpp>

#include "helpers.hpp"

#include <stdexcept>
#include <type_traits>

namespace ppdl {
namespace {

using tests::dense_weights;
using tests::kernel_weights;
using tests::random_matrix;

constexpr Index kSide = 4, kInputs = kSide * kSide, kComponents = 21, kSamples = 60;

template <class Scalar>
Vector<Scalar> start(Index n) {
  return random_matrix<Scalar>(n, 1, 9).array() - Scalar(0.4);
}

/// f(V) over all samples, and its gradient.
template <class Scalar>
double evaluate(const Rica<Scalar>& rica, const Matrix<Scalar>& X, const Vector<Scalar>& V, Vector<Scalar>& gradient,
                int n_threads) {
  return value_and_gradient<Scalar>(rica, V.data(), {.inputs = X}, {}, n_threads, gradient.data());
}

}  // namespace

TEST_CASE_TEMPLATE("RICA has the gradient of its value, for each contrast, dense, pooled and predicted", Scalar, float,
                   double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  for (const Contrast contrast : {Contrast::smooth_l1, Contrast::logcosh, Contrast::exponential}) {
    for (const auto& weights :
         {dense_weights<Scalar>(kInputs, kComponents), kernel_weights<Scalar>(kSide, kComponents)}) {
      for (const double memory : {1e9, 0.0}) {
        CAPTURE(static_cast<int>(contrast));
        CAPTURE(weights->is_identity());
        CAPTURE(memory);
        const RicaOptions options{
            .contrast = contrast, .contrast_epsilon = 1e-1, .sparsity = 0.3, .memory_limit = memory};
        const Rica<Scalar> rica(weights, options, {});
        tests::check_gradient<Scalar>([&](const auto& v, auto& g) { return evaluate(rica, X, v, g, 1); },
                                      start<Scalar>(rica.n_parameters()));
      }
    }
  }
}

TEST_CASE_TEMPLATE("the second moment gives the reconstruction error of the samples, one by one", Scalar, float,
                   double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  const Rica<Scalar> rica(dense_weights<Scalar>(kInputs, kComponents), {}, {});
  const Vector<Scalar> V = start<Scalar>(rica.n_parameters());
  const Matrix<Scalar> W = rica.normalised_weights(V);
  const double expected = 0.5 * (X * W * W.transpose() - X).squaredNorm() / kSamples;
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-5;
  CHECK(rica.terms(V, X, 1).reconstruction == doctest::Approx(expected).epsilon(tolerance));
}

TEST_CASE_TEMPLATE("RICA has the same bits for any number of threads", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(5000, kInputs, 1);
  const Rica<Scalar> rica(kernel_weights<Scalar>(kSide, kComponents), {}, {});
  const Vector<Scalar> V = start<Scalar>(rica.n_parameters());
  Vector<Scalar> one(V.size()), three(V.size());
  CHECK(evaluate(rica, X, V, one, 1) == evaluate(rica, X, V, three, 3));
  CHECK(one == three);
}

TEST_CASE_TEMPLATE("a mini-batch has the value and gradient of a data set of its samples", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1), half = X.topRows(kSamples / 2);
  const double tolerance = std::is_same_v<Scalar, double> ? 1e-12 : 1e-4;
  for (const auto& weights :
       {dense_weights<Scalar>(kInputs, kComponents), kernel_weights<Scalar>(kSide, kComponents)}) {
    const Rica<Scalar> rica(weights, {}, {});
    const Vector<Scalar> V = start<Scalar>(rica.n_parameters());
    Vector<Scalar> expected(V.size()), received(V.size());
    const double value = evaluate(rica, half, V, expected, 1);
    const Samples<Scalar> samples{.inputs = X};
    const auto workspace = rica.workspace(samples, kSamples / 2, 1);
    CHECK(value_and_gradient<Scalar>(rica, V.data(), samples, Rows{.count = kSamples / 2}, {}, 1, *workspace,
                                     received.data()) == doctest::Approx(value).epsilon(tolerance));
    CHECK(tests::distance(expected, received) < tolerance);
  }
}

TEST_CASE_TEMPLATE("options of RICA out of range and samples of another width are named", Scalar, float, double) {
  const Matrix<Scalar> X = random_matrix<Scalar>(kSamples, kInputs, 1);
  const auto weights = dense_weights<Scalar>(kInputs, kComponents);
  const auto build = [&](const ConstMatrixRef<Scalar>& samples, const RicaOptions& options) {
    Rica<Scalar>(weights, options, {}).check_samples({.inputs = samples});
  };
  CHECK_THROWS_WITH_AS(build(X, {.sparsity = -1.0}), doctest::Contains("sparsity: received -1"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(build(X.leftCols(5), {}), doctest::Contains("received 5; expected 16"), std::invalid_argument);
}

}  // namespace ppdl
