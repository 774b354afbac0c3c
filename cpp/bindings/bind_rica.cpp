#include "bind.hpp"

#include <ppdl/rica/rica.hpp>

#include <memory>
#include <string>
#include <utility>

namespace ppdl::bindings {

template <class Scalar>
void bind_rica(py::module_& m) {
  using Objective = Rica<Scalar>;
  constexpr RicaOptions defaults;
  py::class_<Objective, Model<Scalar>, std::shared_ptr<Objective>>(
      m, "Rica", "Reconstruction ICA: theta is V, the value a mean over samples.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const std::string& contrast,
                       double contrast_epsilon, double sparsity, double norm_epsilon,
                       const std::optional<Vector<Scalar>>& signs, double memory_limit) {
             const RicaOptions options{.contrast = contrast_from_string(contrast),
                                       .contrast_epsilon = contrast_epsilon,
                                       .sparsity = sparsity,
                                       .norm_epsilon = norm_epsilon,
                                       .memory_limit = memory_limit};
             return std::make_shared<Objective>(std::move(weights), options, signs.value_or(Vector<Scalar>()));
           }),
           "weights"_a.none(false), py::kw_only(), "contrast"_a = "smooth-l1",
           "contrast_epsilon"_a = defaults.contrast_epsilon, "sparsity"_a = defaults.sparsity,
           "norm_epsilon"_a = defaults.norm_epsilon, "signs"_a.noconvert() = py::none(),
           "memory_limit"_a = defaults.memory_limit)
      .def("pools", &Objective::pools, "n_samples"_a, "Whether so many samples are pooled once, as XU.")
      .def(
          "terms",
          [](const Objective& self, const ConstVectorRef<Scalar>& V, const ConstMatrixRef<Scalar>& X,
             std::optional<int> n_threads) {
            const RicaTerms terms = self.terms(V, X, threads(n_threads));
            return std::make_pair(terms.contrast, terms.reconstruction);
          },
          "V"_a.noconvert(), "X"_a.noconvert(), "n_threads"_a = py::none(), computes(),
          "(contrast, reconstruction error): the value is their sum.")
      .def("normalised_weights", &Objective::normalised_weights, "V"_a.noconvert(), computes(),
           "W with columns of unit norm, shape (n_visible, n_components).");
}

template void bind_rica<float>(py::module_&);
template void bind_rica<double>(py::module_&);

}  // namespace ppdl::bindings
