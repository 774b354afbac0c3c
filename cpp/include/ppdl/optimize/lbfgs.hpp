/// @file
/// Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989) with a strong-Wolfe line search.
#pragma once

#include <ppdl/base/types.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace ppdl {

/// f and its gradient at x: returns f(x) and overwrites `gradient`, which already has the size of x. The two may be
/// non-finite. What it throws reaches the caller of `minimize_lbfgs`.
template <class Scalar>
using Objective = std::function<double(const Vector<Scalar>& x, Vector<Scalar>& gradient)>;

/// What a callback sees after each iteration; the references live for the length of the call.
template <class Scalar>
struct LbfgsIteration {
  Index n_iterations;
  Index n_evaluations;
  double value;          ///< f(x)
  double gradient_norm;  ///< max |∂f/∂x_i|
  double step;           ///< accepted step length α
  const Vector<Scalar>& x;
};

/// Called after each iteration; returns true to stop.
template <class Scalar>
using LbfgsCallback = std::function<bool(const LbfgsIteration<Scalar>&)>;

/// Options of `minimize_lbfgs`.
struct LbfgsOptions {
  int memory = 10;                   ///< pairs (s, y) kept, > 0
  Index max_iterations = 15000;      ///< >= 0
  Index max_evaluations = 15000;     ///< of f and its gradient together; > 0, never exceeded
  double gradient_tolerance = 1e-5;  ///< converged when max |∂f/∂x_i| <= this; >= 0
  /// Converged when (f_k − f_{k+1}) / max(|f_k|, |f_{k+1}|, 1) <= this; >= 0. Default: 10⁷ times the machine epsilon.
  double value_tolerance = 2.220446049250313e-9;
  double sufficient_decrease = 1e-4;  ///< c₁ of the Wolfe conditions, f(x + αd) ≤ f(x) + c₁ α dᵀg; 0 < c₁ < c₂
  double curvature = 0.9;  ///< c₂ of the Wolfe conditions, |dᵀg(x + αd)| ≤ c₂ |dᵀg(x)|; c₁ < c₂ < 1
  int max_trials = 20;     ///< evaluations in one line search, > 0
  int n_threads = 0;       ///< for the vector operations; <= 0: OpenMP's limit

  /// @throws std::invalid_argument naming the option and the received value
  void validate() const;
};

/// Why the minimisation ended.
enum class LbfgsStatus {
  converged_gradient,
  converged_value,
  max_iterations,
  max_evaluations,
  line_search_failed,
  stopped_by_callback,
  not_finite,
};

/// The enumerator's name, such as "converged_gradient".
[[nodiscard]] std::string_view to_string(LbfgsStatus status);

/// What the minimisation found: the best point that it evaluated, with the value and gradient there.
template <class Scalar>
struct LbfgsResult {
  Vector<Scalar> x;
  Vector<Scalar> gradient;
  double value;
  double gradient_norm;  ///< max |∂f/∂x_i|
  Index n_iterations;
  Index n_evaluations;
  LbfgsStatus status;
  std::string message;  ///< the status in a sentence, with figures

  [[nodiscard]] bool converged() const {
    return status == LbfgsStatus::converged_gradient || status == LbfgsStatus::converged_value;
  }
};

/// Minimises a smooth function from `x0`.
///
/// Numerical trouble is a status, never an exception: inside a line search a value that is not finite shortens the step;
/// a failed search drops the memory and tries once more along −g before giving up. Sums are accumulated in double, in
/// an order that does not depend on the number of threads. Sizes its buffers once: 2·memory + 7 vectors of the size of x.
///
/// @param objective  f and its gradient
/// @param x0         (n) where to start
/// @param callback   called after each iteration, if not empty
/// @throws std::invalid_argument for options out of range, and what the objective or the callback throws
template <class Scalar>
[[nodiscard]] LbfgsResult<Scalar> minimize_lbfgs(const Objective<Scalar>& objective, Vector<Scalar> x0,
                                                 const LbfgsOptions& options = {},
                                                 const LbfgsCallback<Scalar>& callback = {});

}  // namespace ppdl
