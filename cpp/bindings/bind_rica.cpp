#include "bind.hpp"
#include "signals.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/model/rica.hpp>

#include <memory>
#include <string>
#include <utility>

namespace ppdl::bindings {

template <class Scalar>
void bind_rica(py::module_& m) {
  using Rica = RicaObjective<Scalar>;
  using Optional = std::optional<Vector<Scalar>>;
  constexpr RicaOptions defaults;
  py::class_<Rica>(m, "RicaObjective", "Reconstruction ICA over one data set: a value and its gradient by V.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const ConstMatrixRef<Scalar>& X,
                       const std::string& contrast, double contrast_epsilon, double sparsity, double norm_epsilon,
                       const Optional& signs, double memory_limit, std::optional<int> n_threads) {
             const RicaOptions options{.contrast = contrast_from_string(contrast),
                                       .contrast_epsilon = contrast_epsilon,
                                       .sparsity = sparsity,
                                       .norm_epsilon = norm_epsilon,
                                       .memory_limit = memory_limit};
             const py::gil_scoped_release no_gil;
             return std::make_unique<Rica>(std::move(weights), X, options, signs.value_or(Vector<Scalar>()),
                                           threads(n_threads));
           }),
           py::keep_alive<1, 3>(), "weights"_a.none(false), "X"_a.noconvert(), py::kw_only(),
           "contrast"_a = "smooth-l1", "contrast_epsilon"_a = defaults.contrast_epsilon,
           "sparsity"_a = defaults.sparsity, "norm_epsilon"_a = defaults.norm_epsilon,
           "signs"_a.noconvert() = py::none(), "memory_limit"_a = defaults.memory_limit, "n_threads"_a = py::none())
      .def_property_readonly("n_parameters", &Rica::n_parameters, "Size of V.")
      .def_property_readonly("pools_input", &Rica::pools_input, "Whether the data is pooled once, as XU.")
      .def(
          "value_and_gradient",
          [](const Rica& self, const ConstVectorRef<Scalar>& V, std::optional<int> n_threads) {
            const py::gil_scoped_release no_gil;
            Vector<Scalar> gradient(self.n_parameters());
            const double value = self.value_and_gradient(V, gradient, threads(n_threads), SignalPoll{});
            return std::make_pair(value, std::move(gradient));
          },
          "V"_a.noconvert(), "n_threads"_a = py::none(), "The mean over samples, and its gradient.")
      .def(
          "terms",
          [](const Rica& self, const ConstVectorRef<Scalar>& V, std::optional<int> n_threads) {
            const py::gil_scoped_release no_gil;
            const RicaTerms terms = self.terms(V, threads(n_threads), SignalPoll{});
            return std::make_pair(terms.contrast, terms.reconstruction);
          },
          "V"_a.noconvert(), "n_threads"_a = py::none(), "(contrast, reconstruction error): the value is their sum.")
      .def(
          "normalised_weights",
          [](const Rica& self, const ConstVectorRef<Scalar>& V, std::optional<int> n_threads) {
            return self.normalised_weights(V, threads(n_threads));
          },
          "V"_a.noconvert(), "n_threads"_a = py::none(), release_gil(),
          "W with columns of unit norm, shape (n_visible, n_components).");
}

template void bind_rica<float>(py::module_&);
template void bind_rica<double>(py::module_&);

}  // namespace ppdl::bindings
