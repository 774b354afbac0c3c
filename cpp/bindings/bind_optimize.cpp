#include "lbfgs.hpp"
#include "optimizer_state.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/optimize/optimizer.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ppdl::bindings {
namespace {

/// A Python function x -> (f, g) as an objective. It is called with the GIL, and with an x of its own, free to keep.
template <class Scalar>
Objective<Scalar> objective(const py::function& fun) {
  return [&fun](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
    const py::gil_scoped_acquire gil;
    const py::object returned = fun(py::array_t<Scalar>(x.size(), x.data()));
    if (!py::isinstance<py::tuple>(returned) || py::len(returned) != 2) {
      throw py::type_error("fun must return a tuple (value, gradient)");
    }
    const auto [value, g] =
        py::cast<std::pair<double, py::array_t<Scalar, py::array::c_style | py::array::forcecast>>>(returned);
    check(g.ndim() == 1 && g.size() == x.size(), "fun returned a gradient with ", g.ndim(), " dimension(s) and ",
          g.size(), " elements; expected 1 dimension and ", x.size(), " elements, as x has");
    gradient = Eigen::Map<const Vector<Scalar>>(g.data(), g.size());
    return value;
  };
}

template <class Scalar>
void bind_optimizers(py::module_& m) {
  using Base = Optimizer<Scalar>;
  py::class_<Base, std::shared_ptr<Base>>(m, "Optimizer", "Changes theta by one gradient at a time.")
      .def("reset", &Base::reset, "n"_a, "Forget all steps and size the state for n parameters.")
      .def(
          "step",
          [](Base& self, VectorRef<Scalar> theta, const ConstVectorRef<Scalar>& gradient, double rate,
             std::optional<int> n_threads) { self.step(theta, gradient, rate, threads(n_threads)); },
          "theta"_a.noconvert(), "gradient"_a.noconvert(), "rate"_a, "n_threads"_a = py::none(), computes(),
          "One step downhill; theta is changed in place.")
      .def("state", &optimizer_state<Scalar>, "(number of steps, dict of arrays): all that the next steps depend on.")
      .def("load_state", &load_optimizer_state<Scalar>, "state"_a,
           "Continue from what state() returned; after reset(n).")
      .def_property_readonly("size", &Base::size, "Number of parameters.")
      .def_property_readonly("state_bytes", &Base::state_bytes, "Memory that the state takes.");

  py::class_<Sgd<Scalar>, Base, std::shared_ptr<Sgd<Scalar>>>(
      m, "Sgd", "Gradient descent: v <- momentum v - rate g, theta <- theta + v (nesterov: + momentum v - rate g).")
      .def(py::init([](double momentum, bool nesterov) {
             return std::make_shared<Sgd<Scalar>>(SgdOptions{.momentum = momentum, .nesterov = nesterov});
           }),
           "momentum"_a = 0.9, "nesterov"_a = false)
      .def("__repr__", [](const Sgd<Scalar>& self) {
        return py::str("Sgd(momentum={!r}, nesterov={!r})").format(self.options().momentum, self.options().nesterov);
      });

  py::class_<Adam<Scalar>, Base, std::shared_ptr<Adam<Scalar>>>(
      m, "Adam", "Adam (Kingma and Ba 2015): running means of g and g^2, corrected for their start at zero.")
      .def(py::init([](double beta_1, double beta_2, double epsilon) {
             return std::make_shared<Adam<Scalar>>(AdamOptions{.beta_1 = beta_1, .beta_2 = beta_2, .epsilon = epsilon});
           }),
           "beta_1"_a = 0.9, "beta_2"_a = 0.999, "epsilon"_a = 1e-8)
      .def("__repr__", [](const Adam<Scalar>& self) {
        return py::str("Adam(beta_1={!r}, beta_2={!r}, epsilon={!r})")
            .format(self.options().beta_1, self.options().beta_2, self.options().epsilon);
      });

  m.def(
      "limit_column_norms",
      [](VectorRef<Scalar> theta, const std::vector<std::tuple<Index, Index, Index>>& blocks, double max_norm,
         std::optional<int> n_threads) {
        std::vector<ColumnNorm> matrices;
        for (const auto& [offset, rows, cols] : blocks) matrices.push_back({offset, rows, cols});
        limit_column_norms<Scalar>(theta, matrices, max_norm, threads(n_threads));
      },
      "theta"_a.noconvert(), "blocks"_a, "max_norm"_a, "n_threads"_a = py::none(), computes(),
      "Rescale to max_norm each longer column of the row-major matrices (offset, rows, cols) in theta, in place.");
}

template <class Scalar>
void bind_lbfgs(py::module_& m) {
  using Result = LbfgsResult<Scalar>;
  py::class_<Result>(m, "LbfgsResult", "The best point that L-BFGS evaluated, and why it ended.")
      .def_property_readonly(
          "x", [](const Result& self) { return self.x; }, "The best point, shape (n,).")
      .def_property_readonly(
          "gradient", [](const Result& self) { return self.gradient; }, "The gradient there.")
      .def_readonly("value", &Result::value, "The value there.")
      .def_readonly("gradient_norm", &Result::gradient_norm, "Largest entry of the gradient there, in magnitude.")
      .def_readonly("n_iterations", &Result::n_iterations, "Iterations.")
      .def_readonly("n_evaluations", &Result::n_evaluations, "Evaluations of the value and gradient.")
      .def_property_readonly(
          "status", [](const Result& self) { return to_string(self.status); },
          "converged_gradient, converged_value, max_iterations, max_evaluations, "
          "line_search_failed, stopped_by_callback or not_finite.")
      .def_readonly("message", &Result::message, "The status in a sentence.")
      .def_property_readonly("converged", &Result::converged, "Whether a tolerance was met.")
      .def("__repr__", [](const Result& self) {
        std::ostringstream text;
        text << "LbfgsResult(status='" << to_string(self.status) << "', value=" << self.value
             << ", gradient_norm=" << self.gradient_norm << ", n_iterations=" << self.n_iterations
             << ", n_evaluations=" << self.n_evaluations << ")";
        return text.str();
      });

  constexpr LbfgsOptions defaults;
  m.def(
      "lbfgs",
      [](const py::function& fun, const Vector<Scalar>& x0, int memory, Index max_iterations, Index max_evaluations,
         double gradient_tolerance, double value_tolerance, const py::object& callback, std::optional<int> n_threads) {
        const LbfgsOptions options =
            lbfgs_options(memory, max_iterations, max_evaluations, gradient_tolerance, value_tolerance, n_threads);
        const auto f = objective<Scalar>(fun);
        const auto stop = lbfgs_callback<Scalar>(callback);
        const Computation computation;
        return minimize_lbfgs<Scalar>(f, x0, options, stop);
      },
      "fun"_a, "x0"_a.noconvert(), py::kw_only(), "memory"_a = defaults.memory,
      "max_iterations"_a = defaults.max_iterations, "max_evaluations"_a = defaults.max_evaluations,
      "gradient_tolerance"_a = defaults.gradient_tolerance, "value_tolerance"_a = defaults.value_tolerance,
      "callback"_a = py::none(), "n_threads"_a = py::none(),
      R"(Minimise fun(x) -> (value, gradient) from x0 by L-BFGS with a strong-Wolfe line search.

Converged when max |g_i| <= gradient_tolerance, or when the last relative decrease
(f_k - f_{k+1}) / max(|f_k|, |f_{k+1}|, 1) <= value_tolerance. Numerical trouble is a status of the result, never an
exception; what fun raises is raised. callback(*, n_iterations, n_evaluations, value, gradient_norm, step, x) is called
after each iteration and stops the search by returning true.)");
}

}  // namespace

template <class Scalar>
void bind_optimize(py::module_& m) {
  bind_optimizers<Scalar>(m);
  bind_lbfgs<Scalar>(m);
}

template void bind_optimize<float>(py::module_&);
template void bind_optimize<double>(py::module_&);

}  // namespace ppdl::bindings
