#include <ppdl/optimize/lbfgs.hpp>

#include "expect.hpp"

#include <cmath>
#include <limits>

using namespace ppdl;
using tests::expect;

namespace {

/// Rosenbrock's valley; the minimum is 0 at (1, …, 1).
double rosenbrock(const Vector<double>& x, Vector<double>& gradient) {
  gradient.setZero();
  double value = 0.0;
  for (Index i = 0; i + 1 < x.size(); ++i) {
    const double bend = x[i + 1] - x[i] * x[i], away = 1.0 - x[i];
    value += 100.0 * bend * bend + away * away;
    gradient[i] += -400.0 * bend * x[i] - 2.0 * away;
    gradient[i + 1] += 200.0 * bend;
  }
  return value;
}

void finds_the_minimum() {
  const auto result = minimize_lbfgs<double>(rosenbrock, Vector<double>::Constant(20, -1.0),
                                             {.gradient_tolerance = 1e-8, .value_tolerance = 0.0});
  expect(result.converged(), result.message);
  expect((result.x.array() - 1.0).abs().maxCoeff() < 1e-6, "x differs from 1 by ",
         (result.x.array() - 1.0).abs().maxCoeff());
}

void survives_what_is_not_finite() {
  const Objective<double> broken = [](const Vector<double>& x, Vector<double>& gradient) {
    const double value = rosenbrock(x, gradient);
    return x[0] > 0.0 ? std::numeric_limits<double>::quiet_NaN() : value;
  };
  const Vector<double> x0 = Vector<double>::Constant(4, -1.0);
  Vector<double> gradient(4);
  const auto result = minimize_lbfgs<double>(broken, x0, {.max_evaluations = 200});
  expect(result.value < rosenbrock(x0, gradient), "value ", result.value, " is no better than the start");
  expect(rosenbrock(result.x, gradient) == result.value, "x doesn't belong to the value");
}

}  // namespace

int main() {
  return tests::run({{"L-BFGS finds the end of Rosenbrock's valley", finds_the_minimum},
                     {"L-BFGS keeps the best point beside values that are not finite", survives_what_is_not_finite}});
}
