#include "lbfgs.hpp"
#include "optimizer_state.hpp"
#include "samples.hpp"

#include <ppdl/train/full_batch.hpp>
#include <ppdl/train/trainer.hpp>

#include <memory>
#include <span>
#include <tuple>
#include <utility>

namespace ppdl::bindings {
namespace {

template <class Scalar>
std::pair<double, Vector<Scalar>> evaluate(const Model<Scalar>& model, const ConstVectorRef<Scalar>& theta,
                                           const RowArray<Scalar>& inputs, const py::object& targets,
                                           const OptionalArray<Scalar>& sample_weight, bool training,
                                           std::uint64_t seed, std::uint64_t step, std::optional<int> n_threads) {
  check_size("size of theta", theta.size(), model.n_parameters(), "parameters of the model");
  const SampleArrays<Scalar> arrays(inputs, targets, sample_weight);
  model.check_samples(arrays.samples());
  const Computation computation;
  Vector<Scalar> gradient(model.n_parameters());
  const Pass pass{.training = training, .seed = seed, .step = step};
  const double value =
      value_and_gradient<Scalar>(model, theta.data(), arrays.samples(), pass, threads(n_threads), gradient.data());
  return {value, std::move(gradient)};
}

/// A trainer together with the arrays that it looks at.
template <class Scalar>
struct Training {
  SampleArrays<Scalar> arrays;
  std::unique_ptr<Trainer<Scalar>> trainer;
};

template <class Scalar>
std::unique_ptr<Training<Scalar>> make_training(std::shared_ptr<Model<Scalar>> model,
                                                std::shared_ptr<Optimizer<Scalar>> optimizer,
                                                const RowArray<Scalar>& inputs, const py::object& targets,
                                                const OptionalArray<Scalar>& sample_weight, Index batch_size,
                                                double max_column_norm, std::optional<int> n_threads) {
  auto made = std::make_unique<Training<Scalar>>(
      Training<Scalar>{SampleArrays<Scalar>(inputs, targets, sample_weight), nullptr});
  const TrainerOptions options{
      .batch_size = batch_size, .max_column_norm = max_column_norm, .n_threads = threads(n_threads)};
  const Computation computation;
  made->trainer =
      std::make_unique<Trainer<Scalar>>(std::move(model), std::move(optimizer), made->arrays.samples(), options);
  return made;
}

template <class Scalar>
void bind_trainer(py::module_& m) {
  using Train = Training<Scalar>;
  py::class_<Train>(m, "Trainer", "Mini-batch training of a model by an optimiser on one data set.")
      .def(py::init(&make_training<Scalar>), "model"_a.none(false), "optimizer"_a.none(false), "inputs"_a.noconvert(),
           "targets"_a = py::none(), "sample_weight"_a.noconvert() = py::none(), py::kw_only(), "batch_size"_a,
           "max_column_norm"_a = 0.0, "n_threads"_a = py::none())
      .def(
          "epoch",
          [](Train& self, VectorRef<Scalar> theta, const Array<Index>& order, const Array<double>& rates,
             std::uint64_t seed) {
            const std::span<const Index> rows(order.data(), static_cast<std::size_t>(order.size()));
            const std::span<const double> steps(rates.data(), static_cast<std::size_t>(rates.size()));
            const Computation computation;
            return self.trainer->epoch(theta, rows, steps, seed);
          },
          "theta"_a.noconvert(), "order"_a.noconvert(), "rates"_a.noconvert(), "seed"_a = 0,
          "Once through `order`; theta is changed in place. Returns the mean loss.")
      .def(
          "state",
          [](Train& self) {
            auto [n_updates, arrays] = optimizer_state<Scalar>(self.trainer->optimizer());
            return std::tuple(self.trainer->n_steps(), n_updates, std::move(arrays));
          },
          "(steps of the trainer, steps of the optimiser, dict of arrays): all that the next epoch depends on.")
      .def(
          "load_state",
          [](Train& self, const std::tuple<Index, Index, py::dict>& state) {
            const auto& [n_steps, n_updates, arrays] = state;
            load_optimizer_state<Scalar>(self.trainer->optimizer(), {n_updates, arrays});
            self.trainer->set_n_steps(n_steps);
          },
          "state"_a, "Continue from what state() returned.")
      .def_property_readonly(
          "state_bytes", [](const Train& self) { return self.trainer->state_bytes(); },
          "Bytes of gradient and optimiser state.");
}

}  // namespace

template <class Scalar>
void bind_train(py::module_& m) {
  using M = Model<Scalar>;
  py::class_<M, std::shared_ptr<M>>(m, "Model", "One flat theta, a value and its gradient on some samples.")
      .def_property_readonly("n_parameters", &M::n_parameters, "Size of theta.")
      .def("value_and_gradient", &evaluate<Scalar>, "theta"_a.noconvert(), "inputs"_a.noconvert(),
           "targets"_a = py::none(), "sample_weight"_a.noconvert() = py::none(), py::kw_only(), "training"_a = false,
           "seed"_a = 0, "step"_a = 0, "n_threads"_a = py::none(),
           "Mean loss plus penalty over all samples, and its gradient.");
  bind_trainer<Scalar>(m);
  constexpr LbfgsOptions defaults;
  m.def(
      "fit_lbfgs",
      [](const M& model, const ConstVectorRef<Scalar>& theta, const RowArray<Scalar>& inputs, const py::object& targets,
         const OptionalArray<Scalar>& sample_weight, int memory, Index max_iterations, Index max_evaluations,
         double gradient_tolerance, double value_tolerance, double unit, const py::object& callback,
         std::optional<int> n_threads) {
        const SampleArrays<Scalar> arrays(inputs, targets, sample_weight);
        const LbfgsOptions options =
            lbfgs_options(memory, max_iterations, max_evaluations, gradient_tolerance, value_tolerance, n_threads);
        const auto stop = lbfgs_callback<Scalar>(callback);
        const Computation computation;
        return fit_lbfgs<Scalar>(model, theta, arrays.samples(), options, stop, unit);
      },
      "model"_a, "theta"_a.noconvert(), "inputs"_a.noconvert(), "targets"_a = py::none(),
      "sample_weight"_a.noconvert() = py::none(), py::kw_only(), "memory"_a = defaults.memory,
      "max_iterations"_a = defaults.max_iterations, "max_evaluations"_a = defaults.max_evaluations,
      "gradient_tolerance"_a = defaults.gradient_tolerance, "value_tolerance"_a = defaults.value_tolerance,
      "unit"_a = 1.0, "callback"_a = py::none(), "n_threads"_a = py::none(),
      "Minimise a model's value over all samples by L-BFGS, which sees value and gradient divided by `unit`.");
}

template void bind_train<float>(py::module_&);
template void bind_train<double>(py::module_&);

}  // namespace ppdl::bindings
