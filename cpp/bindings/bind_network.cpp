#include "initialisation.hpp"
#include "rows.hpp"

#include <ppdl/network/network.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ppdl::bindings {
namespace {

py::dict to_dict(const LayerDescription& d) {
  return py::dict("n_visible"_a = d.n_visible, "n_hidden"_a = d.n_hidden, "n_columns"_a = d.n_columns,
                  "n_atoms"_a = d.n_atoms, "n_dynamic"_a = d.n_dynamic, "n_static"_a = d.n_static,
                  "n_bias"_a = d.n_bias, "order"_a = d.identity ? "dense" : to_string(d.order),
                  "pooled_once"_a = d.pooled_once, "multiply_adds"_a = d.multiply_adds,
                  "dense_multiply_adds"_a = d.dense_multiply_adds, "offset"_a = d.offset,
                  "bias_offset"_a = d.bias_offset);
}

using Sides = std::array<Index, 3>;  // height, width, channels

Shape input_shape(Index n_inputs, const std::optional<Sides>& sides) {
  check(n_inputs > 0, "n_inputs: received ", n_inputs, "; expected at least 1");
  if (!sides) return {.channels = n_inputs};
  const auto [height, width, channels] = *sides;
  const double size = static_cast<double>(height) * static_cast<double>(width) * static_cast<double>(channels);
  check(height > 0 && width > 0 && channels > 0 && size == static_cast<double>(n_inputs), "input_shape: received (",
        height, ", ", width, ", ", channels, "); expected a height, a width and channels whose product is n_inputs, ",
        n_inputs);
  return {.height = height, .width = width, .channels = channels};
}

template <class Scalar>
std::shared_ptr<Network<Scalar>> make_network(const std::vector<std::shared_ptr<LayerSpec<Scalar>>>& layers,
                                              const std::string& loss, Index n_inputs,
                                              const std::optional<Sides>& sides, double alpha,
                                              const std::string& penalty, Index batch_size, Index n_samples,
                                              double memory_limit) {
  check(penalty == "dynamic" || penalty == "predicted", "penalty: received '", penalty,
        "'; expected dynamic or predicted");
  const Shape shape = input_shape(n_inputs, sides);
  const Computation computation;
  return std::make_shared<Network<Scalar>>(
      LayerSpecs<Scalar>(layers.begin(), layers.end()), shape,
      NetworkOptions{.loss = loss_from_string(loss),
                     .alpha = alpha,
                     .penalise_predicted = penalty == "predicted",
                     .batch = batch_size,
                     .data = {.n_samples = n_samples, .memory_limit = memory_limit}});
}

}  // namespace

template <class Scalar>
void bind_network(py::module_& m) {
  using Net = Network<Scalar>;
  using Predict = Predictor<Scalar>;
  py::class_<Predict>(m, "Predictor", "A network under one theta, ready to compute outputs.")
      .def(
          "predict",
          [](const Predict& self, const RowArray<Scalar>& X, std::optional<int> n_threads) {
            const ConstMatrixRef<Scalar> rows = rows_of(X, "X");
            const Computation computation;
            return self.predict(rows, threads(n_threads));
          },
          "X"_a.noconvert(), "n_threads"_a = py::none(), "Outputs for X, without dropout.")
      .def(
          "activations",
          [](const Predict& self, const RowArray<Scalar>& X, Index n, std::optional<int> n_threads) {
            const ConstMatrixRef<Scalar> rows = rows_of(X, "X");
            const Computation computation;
            return self.activations(rows, n, threads(n_threads));
          },
          "X"_a.noconvert(), "n"_a, "n_threads"_a = py::none(),
          "Inputs of layer number n of those with weights; 0 is X.");
  py::class_<Net, Model<Scalar>, std::shared_ptr<Net>>(m, "Network", "Layers, a loss, and one flat theta.")
      .def(py::init(&make_network<Scalar>), "layers"_a, "loss"_a, py::kw_only(), "n_inputs"_a,
           "input_shape"_a = py::none(), "alpha"_a = 0.0, "penalty"_a = "dynamic", "batch_size"_a = 1,
           "n_samples"_a = 0, "memory_limit"_a = 0.0,
           "input_shape tells where the inputs lie, (height, width, channels), by default n_inputs channels of one "
           "point. Orders of evaluation are chosen for batch_size; with n_samples > 0 the first layer may be pooled "
           "once, within memory_limit bytes.")
      .def_property_readonly("n_inputs", &Net::n_inputs, "Features of X.")
      .def_property_readonly("n_outputs", &Net::n_outputs, "Outputs.")
      .def(
          "describe",
          [](const Net& self) {
            py::list all;
            for (const LayerDescription& d : self.describe()) all.append(to_dict(d));
            return all;
          },
          "Shape, counts, order and cost of each layer of weights.")
      .def(
          "initial",
          [](const Net& self, std::uint64_t seed, const py::object& scale) {
            return self.initial(seed, initialisation(scale));
          },
          "seed"_a, py::kw_only(), "scale"_a = "glorot", kInitialDoc)
      .def(
          "predictor",
          [](const Net& self, const ConstVectorRef<Scalar>& theta) {
            check_size("size of theta", theta.size(), self.n_parameters(), "parameters of the network");
            return self.predictor(theta.data());
          },
          "theta"_a.noconvert(), computes(), "The network under this theta: its weights are merged here, once.");
}

template void bind_network<float>(py::module_&);
template void bind_network<double>(py::module_&);

}  // namespace ppdl::bindings
