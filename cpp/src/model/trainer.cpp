#include <ppdl/model/trainer.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

namespace ppdl {

template <class Scalar>
Trainer<Scalar>::Trainer(std::shared_ptr<const Model<Scalar>> model, std::shared_ptr<Optimizer<Scalar>> optimizer,
                         double max_column_norm)
    : model_(std::move(model)),
      optimizer_(std::move(optimizer)),
      max_column_norm_(max_column_norm),
      blocks_(model_->weight_blocks()) {
  check(max_column_norm >= 0.0, "max_column_norm must be >= 0; received ", max_column_norm);
  optimizer_->reset(model_->n_parameters());
}

template <class Scalar>
double Trainer<Scalar>::epoch(VectorRef<Scalar> theta, const Samples<Scalar>& samples, std::span<const Index> order,
                              std::span<const double> rates, const EpochOptions& options,
                              const std::function<void()>& poll) {
  const Index n = static_cast<Index>(order.size());
  check_size("size of theta", theta.size(), model_->n_parameters(), "parameters of the model");
  check(options.batch_size > 0, "the batch size must be positive; received ", options.batch_size);
  check(n > 0, "there are no samples to train on");
  const Index n_batches = (n + options.batch_size - 1) / options.batch_size;
  check_size("learning rates", static_cast<Index>(rates.size()), n_batches, "one for each batch");
  const auto [low, high] = std::minmax_element(order.begin(), order.end());
  check(*low >= 0 && *high < samples.inputs.rows(), "rows in order must be in 0 … ", samples.inputs.rows() - 1,
        "; received ", *low, " … ", *high);
  model_->check_samples(samples);

  const Index largest = std::min(n, options.batch_size);
  if (workspace_batch_ < largest) {
    workspace_ = model_->workspace(largest);
    workspace_batch_ = largest;
  }
  gradient_.resize(model_->n_parameters());
  const int n_threads = threads_for(model_->multiply_adds(largest), options.n_threads);

  double sum = 0.0, weight = 0.0;
  for (Index batch = 0; batch < n_batches; ++batch) {
    if (poll) poll();
    const Index first = batch * options.batch_size;
    const Rows rows{.indices = order.data() + first, .count = std::min(options.batch_size, n - first)};
    Step step{.pass = {.training = true, .seed = options.seed, .step = static_cast<std::uint64_t>(n_steps_)},
              .total_weight = samples.total_weight(rows),
              .n_threads = n_threads};
    if (step.total_weight <= 0.0) continue;  // a batch of samples without weight teaches nothing
    const double loss = model_->value_and_gradient(theta.data(), samples, rows, step, *workspace_, gradient_.data());
    const double rate = rates[static_cast<std::size_t>(batch)];
    if (!std::isfinite(loss)) {
      std::ostringstream message;
      message << "the loss is " << loss << " at batch " << batch + 1 << " of " << n_batches << " with learning rate "
              << rate << "; lower the learning rate";
      throw NumericalError(message.str());
    }
    optimizer_->step(theta, gradient_, rate, n_threads);
    if (max_column_norm_ > 0.0) limit_column_norms<Scalar>(theta, blocks_, max_column_norm_, n_threads);
    sum += loss * step.total_weight;
    weight += step.total_weight;
    ++n_steps_;
  }
  return weight > 0.0 ? sum / weight : 0.0;
}

template <class Scalar>
std::size_t Trainer<Scalar>::state_bytes() const {
  return optimizer_->state_bytes() + sizeof(Scalar) * static_cast<std::size_t>(gradient_.size());
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ppdl
