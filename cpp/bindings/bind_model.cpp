#include "bind.hpp"
#include "signals.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/model/autoencoder.hpp>
#include <ppdl/model/network.hpp>
#include <ppdl/model/trainer.hpp>
#include <ppdl/optimize/lbfgs.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ppdl::bindings {
namespace {

using Labels = py::array_t<std::int32_t, py::array::c_style>;
template <class Scalar>
using Array = py::array_t<Scalar, py::array::c_style>;
template <class Scalar>
using Optional = std::optional<Array<Scalar>>;

/// Keeps a caller's arrays alive and shows them to the core in place.
template <class Scalar>
class SampleArrays {
 public:
  SampleArrays(const ConstMatrixRef<Scalar>& inputs, const py::object& targets, const Optional<Scalar>& weights)
      : samples_{.inputs = inputs, .labels = nullptr, .targets = nullptr, .weights = nullptr} {
    if (py::isinstance<Labels>(targets)) {
      labels_ = py::reinterpret_borrow<Labels>(targets);
      check(labels_.ndim() == 1, "labels must have 1 dimension; received ", labels_.ndim());
      check_size("labels", labels_.size(), inputs.rows(), "rows of the inputs");
      samples_.labels = labels_.data();
    } else {
      if (!py::isinstance<Array<Scalar>>(targets)) {
        throw py::type_error("targets must be int32 labels or a C-contiguous matrix of the inputs' dtype");
      }
      matrix_ = py::reinterpret_borrow<Array<Scalar>>(targets);
      check(matrix_.ndim() == 2, "targets must have 2 dimensions; received ", matrix_.ndim());
      check_size("rows of the targets", matrix_.shape(0), inputs.rows(), "rows of the inputs");
      targets_ = std::make_unique<ConstMatrixRef<Scalar>>(
          ConstMatrixMap<Scalar>(matrix_.data(), matrix_.shape(0), matrix_.shape(1)));
      samples_.targets = targets_.get();
    }
    if (weights) {
      weights_ = *weights;
      check_size("sample weights", weights_.size(), inputs.rows(), "rows of the inputs");
      samples_.weights = weights_.data();
    }
  }

  [[nodiscard]] const Samples<Scalar>& samples() const { return samples_; }

 private:
  Labels labels_;
  Array<Scalar> matrix_;
  Array<Scalar> weights_;
  std::unique_ptr<ConstMatrixRef<Scalar>> targets_;
  Samples<Scalar> samples_;
};

template <class Scalar>
void check_theta(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta) {
  check_size("size of theta", theta.size(), model.n_parameters(), "parameters of the model");
}

template <class Scalar>
std::pair<double, Vector<Scalar>> value_and_gradient(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta,
                                                     const ConstMatrixRef<Scalar>& inputs, const py::object& targets,
                                                     const Optional<Scalar>& sample_weight, bool training,
                                                     std::uint64_t seed, std::uint64_t step,
                                                     std::optional<int> n_threads) {
  check_theta(model, theta);
  const SampleArrays<Scalar> arrays(inputs, targets, sample_weight);
  model.check_samples(arrays.samples());
  const py::gil_scoped_release no_gil;
  Vector<Scalar> gradient(model.n_parameters());
  const Pass pass{.training = training, .seed = seed, .step = step};
  const double value = full_value_and_gradient<Scalar>(model, theta.data(), arrays.samples(), pass, threads(n_threads),
                                                       gradient.data(), SignalPoll{});
  return {value, std::move(gradient)};
}

template <class Scalar>
LbfgsResult<Scalar> fit_lbfgs(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta,
                              const ConstMatrixRef<Scalar>& inputs, const py::object& targets,
                              const Optional<Scalar>& sample_weight, int memory, Index max_iterations,
                              Index max_evaluations, double gradient_tolerance, double value_tolerance,
                              const py::object& callback, std::optional<int> n_threads) {
  check_theta(model, theta);
  const SampleArrays<Scalar> arrays(inputs, targets, sample_weight);
  model.check_samples(arrays.samples());
  const LbfgsOptions options{.memory = memory,
                             .max_iterations = max_iterations,
                             .max_evaluations = max_evaluations,
                             .gradient_tolerance = gradient_tolerance,
                             .value_tolerance = value_tolerance,
                             .n_threads = threads(n_threads)};
  SignalPoll poll;
  const Objective<Scalar> objective = [&](const Vector<Scalar>& x, Vector<Scalar>& gradient) {
    return full_value_and_gradient<Scalar>(model, x.data(), arrays.samples(), {}, options.n_threads, gradient.data(),
                                           std::ref(poll));
  };
  LbfgsCallback<Scalar> stop;
  if (!callback.is_none()) {
    stop = [&](const LbfgsIteration<Scalar>& iteration) {
      const py::gil_scoped_acquire gil;
      return py::cast<bool>(callback("n_iterations"_a = iteration.n_iterations,
                                     "n_evaluations"_a = iteration.n_evaluations, "value"_a = iteration.value,
                                     "gradient_norm"_a = iteration.gradient_norm, "step"_a = iteration.step,
                                     "x"_a = py::array_t<Scalar>(iteration.x.size(), iteration.x.data())));
    };
  }
  const py::gil_scoped_release no_gil;
  return minimize_lbfgs<Scalar>(objective, theta, options, stop);
}

Initialisation initialisation(const py::object& scale) {
  using Kind = Initialisation::Kind;
  if (!py::isinstance<py::str>(scale)) return {.kind = Kind::fixed, .bound = py::cast<double>(scale)};
  const auto name = py::cast<std::string>(scale);
  if (name == "glorot") return {.kind = Kind::glorot};
  if (name == "glorot-logistic") return {.kind = Kind::glorot_logistic};
  if (name == "he") return {.kind = Kind::he};
  if (name == "lecun") return {.kind = Kind::lecun};
  throw_invalid("unknown scale '", name, "'; known are glorot, glorot-logistic, he, lecun, or a number");
}

py::dict to_dict(const DenseDescription& d) {
  return py::dict("n_visible"_a = d.n_visible, "n_hidden"_a = d.n_hidden, "n_columns"_a = d.n_columns,
                  "n_atoms"_a = d.n_atoms, "n_dynamic"_a = d.n_dynamic, "n_static"_a = d.n_static,
                  "n_bias"_a = d.n_bias, "order"_a = d.identity ? "dense" : to_string(d.order),
                  "pooled_once"_a = d.pooled_once, "multiply_adds"_a = d.multiply_adds,
                  "dense_multiply_adds"_a = d.dense_multiply_adds, "offset"_a = d.offset,
                  "bias_offset"_a = d.bias_offset);
}

constexpr const char* kInitialDoc =
    "A starting theta; scale: glorot, glorot-logistic, he, lecun (of the predicted W), or a bound on V itself.";

template <class M>
auto initial(const M& model, std::uint64_t seed, const py::object& scale) {
  return model.initial(seed, initialisation(scale));
}

template <class Scalar>
void bind_network(py::module_& m) {
  using Net = Network<Scalar>;
  py::class_<Net, Model<Scalar>, std::shared_ptr<Net>>(m, "Network", "Layers, a loss, and one flat theta.")
      .def(py::init([](std::vector<LayerSpec<Scalar>> layers, const std::string& loss, Index n_inputs, double alpha,
                       const std::string& penalty) {
             check(penalty == "dynamic" || penalty == "predicted", "unknown penalty '", penalty,
                   "'; known are dynamic, predicted");
             return std::make_shared<Net>(
                 std::move(layers), n_inputs,
                 NetworkOptions{
                     .loss = loss_from_string(loss), .alpha = alpha, .penalise_predicted = penalty == "predicted"});
           }),
           "layers"_a, "loss"_a, py::kw_only(), "n_inputs"_a, "alpha"_a = 0.0, "penalty"_a = "dynamic")
      .def_property_readonly("n_inputs", &Net::n_inputs, "Features of X.")
      .def_property_readonly("n_outputs", &Net::n_outputs, "Outputs.")
      .def("plan", &Net::plan, "batch_size"_a, "n_samples"_a = 0, "memory_limit"_a = 0.0,
           "Choose orders of evaluation; with n_samples > 0 the first layer may be pooled once, within memory_limit "
           "bytes.")
      .def_property_readonly("pools_input", &Net::pools_input, "Whether the inputs are to be `pool_input(X)`.")
      .def(
          "pool_input",
          [](const Net& self, const ConstMatrixRef<Scalar>& X, std::optional<int> n_threads) {
            return self.pool_input(X, threads(n_threads));
          },
          "X"_a.noconvert(), "n_threads"_a = py::none(), release_gil(), "The data set as the plan wants it.")
      .def(
          "describe",
          [](const Net& self) {
            py::list all;
            for (const DenseDescription& d : self.describe()) all.append(to_dict(d));
            return all;
          },
          "Shape, counts, order and cost of each dense layer.")
      .def("initial", &initial<Net>, "seed"_a, py::kw_only(), "scale"_a = "glorot", kInitialDoc)
      .def(
          "predict",
          [](const Net& self, const ConstVectorRef<Scalar>& theta, const ConstMatrixRef<Scalar>& X,
             std::optional<int> n_threads) {
            check_theta<Scalar>(self, theta);
            return self.predict(theta.data(), X, threads(n_threads));
          },
          "theta"_a.noconvert(), "X"_a.noconvert(), "n_threads"_a = py::none(), release_gil(),
          "Outputs for X itself (never pooled), without dropout.")
      .def(
          "activations",
          [](const Net& self, const ConstVectorRef<Scalar>& theta, const ConstMatrixRef<Scalar>& X, Index n_dense,
             std::optional<int> n_threads) {
            check_theta<Scalar>(self, theta);
            return self.activations(theta.data(), X, n_dense, threads(n_threads));
          },
          "theta"_a.noconvert(), "X"_a.noconvert(), "n_dense"_a, "n_threads"_a = py::none(), release_gil(),
          "Input of dense layer number n_dense; 0 is X.");
}

template <class Scalar>
void bind_autoencoder(py::module_& m) {
  using Auto = Autoencoder<Scalar>;
  py::class_<Auto, Model<Scalar>, std::shared_ptr<Auto>>(m, "Autoencoder",
                                                         "Tied weights; each column reconstructs the whole input.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const std::string& activation,
                       const std::string& decoder, bool decoder_bias) {
             return std::make_shared<Auto>(std::move(weights),
                                           AutoencoderOptions{.activation = activation_from_string(activation),
                                                              .decoder = activation_from_string(decoder),
                                                              .decoder_bias = decoder_bias});
           }),
           "weights"_a.none(false), py::kw_only(), "activation"_a = "logistic", "decoder"_a = "logistic",
           "decoder_bias"_a = false)
      .def("initial", &initial<Auto>, "seed"_a, py::kw_only(), "scale"_a = "glorot", kInitialDoc)
      .def("plan", &Auto::plan, "n_samples"_a, "memory_limit"_a,
           "Let the data set be pooled once, within memory_limit bytes.")
      .def_property_readonly("pools_input", &Auto::pools_input, "Whether the inputs are to be `pool_input(X)`.")
      .def(
          "pool_input",
          [](const Auto& self, const ConstMatrixRef<Scalar>& X, std::optional<int> n_threads) {
            return self.pool_input(X, threads(n_threads));
          },
          "X"_a.noconvert(), "n_threads"_a = py::none(), release_gil(), "The data set as the plan wants it.");
}

template <class Scalar>
void bind_trainer(py::module_& m) {
  using Train = Trainer<Scalar>;
  py::class_<Train>(m, "Trainer", "Mini-batch training of a model by an optimiser.")
      .def(py::init([](std::shared_ptr<Model<Scalar>> model, std::shared_ptr<Optimizer<Scalar>> optimizer,
                       double max_column_norm) {
             return std::make_unique<Train>(std::move(model), std::move(optimizer), max_column_norm);
           }),
           "model"_a.none(false), "optimizer"_a.none(false), py::kw_only(), "max_column_norm"_a = 0.0)
      .def(
          "epoch",
          [](Train& self, VectorRef<Scalar> theta, const ConstMatrixRef<Scalar>& inputs, const py::object& targets,
             const py::array_t<Index, py::array::c_style>& order, const py::array_t<double, py::array::c_style>& rates,
             Index batch_size, const Optional<Scalar>& sample_weight, std::uint64_t seed,
             std::optional<int> n_threads) {
            const SampleArrays<Scalar> arrays(inputs, targets, sample_weight);
            const std::span<const Index> rows(order.data(), static_cast<std::size_t>(order.size()));
            const std::span<const double> steps(rates.data(), static_cast<std::size_t>(rates.size()));
            const EpochOptions options{.batch_size = batch_size, .seed = seed, .n_threads = threads(n_threads)};
            const py::gil_scoped_release no_gil;
            return self.epoch(theta, arrays.samples(), rows, steps, options, SignalPoll{});
          },
          "theta"_a.noconvert(), "inputs"_a.noconvert(), "targets"_a, "order"_a.noconvert(), "rates"_a.noconvert(),
          "batch_size"_a, "sample_weight"_a.noconvert() = py::none(), "seed"_a = 0, "n_threads"_a = py::none(),
          "Once through `order`; theta is changed in place. Returns the mean loss.")
      .def(
          "state",
          [](Train& self) {
            OptimizerState<Scalar> state = self.optimizer().state();
            py::dict arrays;
            for (auto& [name, array] : state.arrays) arrays[py::str(name)] = py::cast(std::move(array));
            return py::make_tuple(self.n_steps(), state.n_steps, arrays);
          },
          "(steps of the trainer, steps of the optimiser, dict of arrays): all that the next epoch depends on.")
      .def(
          "load_state",
          [](Train& self, const std::tuple<Index, Index, py::dict>& state) {
            OptimizerState<Scalar> received{.n_steps = std::get<1>(state), .arrays = {}};
            for (const auto& [name, array] : std::get<2>(state)) {
              received.arrays.emplace_back(py::cast<std::string>(name), py::cast<Vector<Scalar>>(array));
            }
            self.optimizer().load_state(received);
            self.set_n_steps(std::get<0>(state));
          },
          "state"_a, "Continue from what state() returned.")
      .def_property_readonly("state_bytes", &Train::state_bytes, "Bytes of gradient and optimiser state.");
}

}  // namespace

template <class Scalar>
void bind_model(py::module_& m) {
  using M = Model<Scalar>;
  py::class_<M, std::shared_ptr<M>>(m, "Model", "One flat theta, a value and its gradient on some samples.")
      .def_property_readonly("n_parameters", &M::n_parameters, "Size of theta.")
      .def_property_readonly("input_width", &M::input_width,
                             "Columns of the inputs: the data's own, or the pooled ones.")
      .def("value_and_gradient", &value_and_gradient<Scalar>, "theta"_a.noconvert(), "inputs"_a.noconvert(),
           "targets"_a, "sample_weight"_a.noconvert() = py::none(), py::kw_only(), "training"_a = false, "seed"_a = 0,
           "step"_a = 0, "n_threads"_a = py::none(), "Mean loss plus penalty over all samples, and its gradient.");
  bind_network<Scalar>(m);
  bind_autoencoder<Scalar>(m);
  bind_trainer<Scalar>(m);

  constexpr LbfgsOptions defaults;
  m.def("fit_lbfgs", &fit_lbfgs<Scalar>, "model"_a, "theta"_a.noconvert(), "inputs"_a.noconvert(), "targets"_a,
        "sample_weight"_a.noconvert() = py::none(), py::kw_only(), "memory"_a = defaults.memory,
        "max_iterations"_a = defaults.max_iterations, "max_evaluations"_a = defaults.max_evaluations,
        "gradient_tolerance"_a = defaults.gradient_tolerance, "value_tolerance"_a = defaults.value_tolerance,
        "callback"_a = py::none(), "n_threads"_a = py::none(), "Minimise a model's value over all samples by L-BFGS.");
}

template void bind_model<float>(py::module_&);
template void bind_model<double>(py::module_&);

}  // namespace ppdl::bindings
