/// @file
/// L-BFGS's options and callback as Python gives them.
#pragma once

#include "bind.hpp"

#include <ppdl/optimize/lbfgs.hpp>

namespace ppdl::bindings {

inline LbfgsOptions lbfgs_options(int memory, Index max_iterations, Index max_evaluations, double gradient_tolerance,
                                  double value_tolerance, std::optional<int> n_threads) {
  return {.memory = memory,
          .max_iterations = max_iterations,
          .max_evaluations = max_evaluations,
          .gradient_tolerance = gradient_tolerance,
          .value_tolerance = value_tolerance,
          .n_threads = threads(n_threads)};
}

/// Calls a Python function, with the GIL, and with an x of its own.
template <class Scalar>
LbfgsCallback<Scalar> lbfgs_callback(const py::object& callback) {
  if (callback.is_none()) return {};
  return [&callback](const LbfgsIteration<Scalar>& iteration) {
    const py::gil_scoped_acquire gil;
    return py::cast<bool>(callback("n_iterations"_a = iteration.n_iterations,
                                   "n_evaluations"_a = iteration.n_evaluations, "value"_a = iteration.value,
                                   "gradient_norm"_a = iteration.gradient_norm, "step"_a = iteration.step,
                                   "x"_a = py::array_t<Scalar>(iteration.x.size(), iteration.x.data())));
  };
}

}  // namespace ppdl::bindings
