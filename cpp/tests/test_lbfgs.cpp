#include <ppdl/optimize/lbfgs.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <type_traits>

namespace ppdl {
namespace {

/// Rosenbrock's valley; the minimum is 0 at (1, …, 1).
template <class Scalar>
double rosenbrock(const Vector<Scalar>& x, Vector<Scalar>& gradient) {
  gradient.setZero();
  Scalar value = 0;
  for (Index i = 0; i + 1 < x.size(); ++i) {
    const Scalar bend = x[i + 1] - x[i] * x[i], away = 1 - x[i];
    value += 100 * bend * bend + away * away;
    gradient[i] += -400 * bend * x[i] - 2 * away;
    gradient[i + 1] += 200 * bend;
  }
  return value;
}

}  // namespace

TEST_CASE_TEMPLATE("L-BFGS finds the end of Rosenbrock's valley", Scalar, float, double) {
  constexpr bool is_double = std::is_same_v<Scalar, double>;
  const auto result = minimize_lbfgs<Scalar>(rosenbrock<Scalar>, Vector<Scalar>::Constant(20, -1),
                                             {.gradient_tolerance = is_double ? 1e-8 : 1e-3, .value_tolerance = 0.0});
  INFO(result.message);
  CHECK(result.converged());
  CHECK((result.x.array() - 1).abs().maxCoeff() < (is_double ? 1e-6 : 1e-3));
}

TEST_CASE_TEMPLATE("L-BFGS keeps the best point beside values that are not finite", Scalar, float, double) {
  const Objective<Scalar> broken = [](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
    const double value = rosenbrock<Scalar>(x, gradient);
    return x[0] > 0 ? std::numeric_limits<double>::quiet_NaN() : value;
  };
  const Vector<Scalar> x0 = Vector<Scalar>::Constant(4, -1);
  Vector<Scalar> gradient(4);
  const auto result = minimize_lbfgs<Scalar>(broken, x0, {.max_evaluations = 200});
  CHECK(result.value < rosenbrock<Scalar>(x0, gradient));
  CHECK(rosenbrock<Scalar>(result.x, gradient) == result.value);
}

}  // namespace ppdl
