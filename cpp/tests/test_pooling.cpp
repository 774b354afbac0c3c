#include <ppdl/layer/pooling.hpp>

#include "helpers.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

constexpr Index kSamples = 3;

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> layer(const Shape& shape, const PoolingOptions& options) {
  return PoolingSpec<Scalar>(options).make(shape, {});
}

/// Both kinds, windows that overlap, that leave gaps and that reach over the border, and channels that fill vectors or don't.
std::vector<std::pair<Shape, PoolingOptions>> cases() {
  std::vector<std::pair<Shape, PoolingOptions>> all;
  for (const Pooling kind : {Pooling::max, Pooling::average}) {
    for (const bool ceil_mode : {true, false}) {
      for (const Index channels : {3, 16, 21}) {
        all.push_back({{5, 6, channels}, {kind, 3, 2, 2, 1, ceil_mode}});
        all.push_back({{5, 4, channels}, {kind, 2, 1, 3, 2, ceil_mode}});
        all.push_back({{1, 1, channels}, {kind, 1, 1, 1, 1, ceil_mode}});
      }
    }
  }
  return all;
}

/// Distinct numbers, further apart than a step of central differences.
template <class Scalar>
Vector<Scalar> distinct(Index n) {
  Vector<Scalar> x(n);
  for (Index i = 0; i < n; ++i) x[i] = static_cast<Scalar>(i * 7919 % 2053 - 1026) / 16;
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("pooling has the gradient of its outputs", Scalar, float, double) {
  for (const auto& [shape, options] : cases()) {
    CAPTURE(static_cast<int>(options.kind));
    CAPTURE(options.ceil_mode);
    CAPTURE(shape.width);
    CAPTURE(shape.channels);
    const auto pooling = layer<Scalar>(shape, options);
    const Index n = pooling->n_inputs();
    const Matrix<Scalar> slopes = tests::random_matrix<Scalar>(kSamples, pooling->n_outputs(), 1);
    const auto scratch = pooling->scratch(kSamples, kSamples, true, true);
    tests::check_gradient<Scalar>(
        [&, &pooling = pooling](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
          const ConstMatrixMap<Scalar> input(x.data(), kSamples, n);
          Matrix<Scalar> output(kSamples, pooling->n_outputs());
          pooling->forward({}, 0, 0, nullptr, input, output, scratch.get());
          MatrixRef<Scalar> d_input = MatrixMap<Scalar>(gradient.data(), kSamples, n);
          pooling->reverse({}, 0, 0, output, slopes, &d_input, scratch.get());
          return output.template cast<double>().cwiseProduct(slopes.template cast<double>()).sum();
        },
        distinct<Scalar>(kSamples * n));
  }
}

TEST_CASE_TEMPLATE("pooling without a scratch has the same outputs", Scalar, float, double) {
  for (const auto& [shape, options] : cases()) {
    const auto pooling = layer<Scalar>(shape, options);
    const Matrix<Scalar> X = tests::random_matrix<Scalar>(kSamples, shape.size(), 1);
    Matrix<Scalar> training(kSamples, pooling->n_outputs()), inference = training;
    pooling->forward({}, 0, 0, nullptr, X, training, pooling->scratch(kSamples, kSamples, true, true).get());
    pooling->inference(nullptr)->forward(X, inference);
    CHECK(training == inference);
  }
}

TEST_CASE_TEMPLATE("of equal numbers the first gets the gradient", Scalar, float, double) {
  for (const Index channels : {1, 16}) {
    const auto pooling = layer<Scalar>({2, 2, channels}, {.kind = Pooling::max});
    Matrix<Scalar> X = Matrix<Scalar>::Zero(1, 4 * channels), Z(1, channels), dX(1, 4 * channels);
    X.rightCols(3 * channels).setOnes();
    const Matrix<Scalar> dZ = Matrix<Scalar>::Constant(1, channels, Scalar(3));
    const auto scratch = pooling->scratch(1, 1, true, true);
    pooling->forward({}, 0, 0, nullptr, X, Z, scratch.get());
    MatrixRef<Scalar> d_input = dX;
    pooling->reverse({}, 0, 0, Z, dZ, &d_input, scratch.get());
    CHECK((Z.array() == Scalar(1)).all());
    CHECK(dX.middleCols(channels, channels) == dZ);
    CHECK(dX.sum() == dZ.sum());
  }
}

TEST_CASE_TEMPLATE("a window with a NaN yields NaN", Scalar, float, double) {
  for (const Pooling kind : {Pooling::max, Pooling::average}) {
    for (const Index channels : {1, 16, 21}) {
      for (Index at = 0; at < 4; ++at) {
        const auto pooling = layer<Scalar>({2, 2, channels}, {.kind = kind});
        Matrix<Scalar> X = Matrix<Scalar>::Ones(1, 4 * channels), Z(1, channels);
        X(0, at * channels + channels - 1) = std::numeric_limits<Scalar>::quiet_NaN();
        pooling->inference(nullptr)->forward(X, Z);
        CHECK(std::isnan(Z(0, channels - 1)));
        CHECK((Z.leftCols(channels - 1).array() == Scalar(1)).all());
      }
    }
  }
}

TEST_CASE("pooling names what it can't do") {
  const auto shape = [](const Shape& input, const PoolingOptions& options) {
    return PoolingSpec<double>(options).output_shape(input);
  };
  CHECK(shape({33, 32, 48}, {Pooling::max, 4, 4, 2, 2}) == Shape{16, 15, 48});
  CHECK(shape({3, 1, 2}, {Pooling::max, 4, 4, 2, 4}) == Shape{1, 1, 2});
  CHECK_THROWS_WITH_AS(shape({2, 9, 1}, {Pooling::max, 4, 4, 2, 2}),
                       "pooling: received a map of 2 x 9; expected at least 3 x 3, for a window of 4 x 4 and a stride "
                       "of 2 x 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(shape({9, 3, 1}, {Pooling::max, 4, 4, 2, 2, false}), doctest::Contains("at least 4 x 4"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(shape({9, 9, 1}, {Pooling::max, 0, 4, 2, 2}), doctest::Contains("received 0 x 4"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(shape({9, 9, 1}, {Pooling::max, 4, 4, 2, 0}), doctest::Contains("received 2 x 0"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(pooling_from_string("mean")), doctest::Contains("'mean'"),
                       std::invalid_argument);
}

}  // namespace ppdl
