#include <ppdl/train/trainer.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/error.hpp>
#include <ppdl/base/interrupt.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

namespace ppdl {

template <class Scalar>
Trainer<Scalar>::Trainer(std::shared_ptr<const Model<Scalar>> model, std::shared_ptr<Optimizer<Scalar>> optimizer,
                         const Samples<Scalar>& samples, const TrainerOptions& options)
    : model_(std::move(model)),
      optimizer_(std::move(optimizer)),
      samples_(samples),
      options_(options),
      blocks_(model_->weight_blocks()) {
  check(options.max_column_norm >= 0.0, "max_column_norm: received ", options.max_column_norm, "; expected at least 0");
  check(options.batch_size > 0, "batch_size: received ", options.batch_size, "; expected at least 1");
  model_->check_samples(samples_);
  const Index largest = std::min(options.batch_size, samples_.inputs.rows());
  n_threads_ = threads_for(model_->multiply_adds(largest), options.n_threads);
  optimizer_->reset(model_->n_parameters());
  gradient_.resize(model_->n_parameters());
  workspace_ = model_->workspace(samples_, options_.batch_size, options.n_threads);
}

template <class Scalar>
double Trainer<Scalar>::epoch(VectorRef<Scalar> theta, std::span<const Index> order, std::span<const double> rates,
                              std::uint64_t seed) {
  const Index n = static_cast<Index>(order.size()), size = options_.batch_size;
  check_size("size of theta", theta.size(), model_->n_parameters(), "parameters of the model");
  check(n > 0, "there are no samples to train on");
  check_size("numbers that the optimizer moves", optimizer_->size(), model_->n_parameters(),
             "parameters of the model; it serves another trainer");
  const Index n_batches = (n + size - 1) / size;
  check_size("learning rates", static_cast<Index>(rates.size()), n_batches, "one for each batch");
  const auto [low, high] = std::minmax_element(order.begin(), order.end());
  check(*low >= 0 && *high < samples_.inputs.rows(), "order: received rows ", *low, " … ", *high, "; expected 0 … ",
        samples_.inputs.rows() - 1);

  double sum = 0.0, weight = 0.0;
  for (Index batch = 0; batch < n_batches; ++batch) {
    poll();
    const Index first = batch * size;
    const Rows rows{.indices = order.data() + first, .count = std::min(size, n - first)};
    if (samples_.total_weight(rows) <= 0.0) continue;  // a batch of samples without weight teaches nothing
    const Pass pass{.training = true, .seed = seed, .step = static_cast<std::uint64_t>(n_steps_)};
    const Sums sums = model_->sums(theta.data(), samples_, rows, pass, n_threads_, *workspace_, gradient_.data());
    const double rate = rates[static_cast<std::size_t>(batch)];
    if (!std::isfinite(sums.loss)) {
      std::ostringstream message;
      message << "the loss is " << sums.loss / sums.weight << " at batch " << batch + 1 << " of " << n_batches
              << " with learning rate " << rate << "; lower the learning rate";
      throw NumericalError(message.str());
    }
    optimizer_->begin(rate);
    const double loss = finish_in_parts<Scalar>(
        *model_, theta.data(), sums, gradient_.data(), n_threads_,
        [&](Index part, Index count) { optimizer_->update(part, count, theta.data(), gradient_.data()); });
    if (options_.max_column_norm > 0.0) {
      limit_column_norms<Scalar>(theta, blocks_, options_.max_column_norm, n_threads_);
    }
    sum += loss * sums.weight;
    weight += sums.weight;
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
