#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/model/network.hpp>

#include <memory>
#include <string>

namespace ppdl::bindings {

void bind_layers(py::module_& m) {
  py::class_<ActivationSpec>(m, "Activation", "identity, logistic, tanh or relu.")
      .def(py::init([](const std::string& kind) { return ActivationSpec{activation_from_string(kind)}; }), "kind"_a);
  py::class_<MaxoutSpec>(m, "Maxout", "The largest of each n_pieces neighbouring inputs.")
      .def(py::init([](Index n_inputs, Index n_pieces) {
             return MaxoutSpec{n_inputs, n_pieces};
           }),
           "n_inputs"_a, "n_pieces"_a);
  py::class_<DropoutSpec>(m, "Dropout", "Inverted dropout.")
      .def(py::init([](double rate) { return DropoutSpec{rate}; }), "rate"_a);
}

template <class Scalar>
void bind_layer(py::module_& m, const py::module_& shared) {
  using Dense = DenseSpec<Scalar>;
  py::class_<Dense>(m, "Dense", "Z = XW + b over predicted weights.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const std::string& order, bool bias) {
             using Choice = typename Dense::Choice;
             check(order == "auto" || order == "predict" || order == "pool", "unknown order '", order,
                   "'; known are auto, predict, pool");
             const Choice choice = order == "auto"      ? Choice::automatic
                                   : order == "predict" ? Choice::predict
                                                        : Choice::pool;
             return Dense{.weights = std::move(weights), .order = choice, .bias = bias};
           }),
           "weights"_a.none(false), py::kw_only(), "order"_a = "auto", "bias"_a = true);
  for (const char* name : {"Activation", "Maxout", "Dropout"}) m.attr(name) = shared.attr(name);
}

template void bind_layer<float>(py::module_&, const py::module_&);
template void bind_layer<double>(py::module_&, const py::module_&);

}  // namespace ppdl::bindings
