#include <ppdl/network/chain.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <utility>

namespace ppdl {
namespace {

// Samples that one task takes forward and back: enough rows for products to run at full speed. Of maps fewer are enough, and they
// leave work for several threads in a small batch.
constexpr Index kBlockRows = 64, kFewestBlockRows = 4;
constexpr double kBlockWork = 3e7;  // multiply-adds of a block of maps, unless it has the fewest samples
// Samples whose activations are held at a time; gradients are summed group by group, in order.
constexpr Index kGroupRows = 1024, kFewestGroupRows = 32;
constexpr Index kGroupBytes = Index{128} << 20;  // of its activations and gradients, unless it has the fewest samples

}  // namespace

template <class Scalar>
Chain<Scalar>::Chain(std::vector<std::unique_ptr<const Layer<Scalar>>> layers, bool makes_maps)
    : layers_(std::move(layers)) {
  std::size_t slot = 0;
  first_trained_ = layers_.size();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer<Scalar>& layer = *layers_[i];
    if (i == 0 || !layer.in_place() || layers_[i - 1]->in_place()) ++slot;
    slots_.push_back(slot);
    offsets_.push_back(n_parameters_);
    n_parameters_ += layer.n_parameters();
    if (layer.n_parameters() > 0) first_trained_ = std::min(first_trained_, i);
    for (Index t = 0; t < layer.n_prepare_tasks(); ++t) prepare_.push_back({i, t});
    for (Index t = 0; t < layer.n_gradient_tasks(); ++t) gradient_.push_back({i, t});
    for (Index t = 0; t < layer.n_finish_tasks(); ++t) finish_.push_back({i, t});
  }
  choose_rows(makes_maps);
}

/// Whether layer i writes over the outputs of the one before it. The network's inputs are not its own to write over; and a
/// layer that may do so itself goes back through its outputs, which therefore stay.
template <class Scalar>
bool Chain<Scalar>::in_place(std::size_t i) const {
  return i > 0 && slots_[i] == slots_[i - 1];
}

/// The gradient of the last slot is written over the output; those before the first parameters are never asked for.
template <class Scalar>
bool Chain<Scalar>::keeps_gradient(std::size_t i) const {
  return i >= first_trained_ && slots_[i] != slots_.back();
}

template <class Scalar>
void Chain<Scalar>::choose_rows(bool makes_maps) {
  Index values = layers_.front()->n_inputs(), gradients = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (in_place(i)) continue;
    values += layers_[i]->n_outputs();
    if (keeps_gradient(i)) gradients += layers_[i]->n_outputs();
  }
  constexpr Index kBytes = sizeof(Scalar);
  block_rows_ = kBlockRows;
  if (makes_maps) {
    const double rows = kBlockWork / std::max(1.0, multiply_adds(1));
    block_rows_ =
        static_cast<Index>(std::clamp(rows, static_cast<double>(kFewestBlockRows), static_cast<double>(kBlockRows)));
  }
  group_rows_ = std::clamp(kGroupBytes / std::max(kBytes, kBytes * (values + gradients)), kFewestGroupRows, kGroupRows);
}

template <class Scalar>
std::vector<WeightBlock<Scalar>> Chain<Scalar>::weights() const {
  std::vector<WeightBlock<Scalar>> all;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const auto& [offset, weights] : layers_[i]->weights()) all.push_back({offsets_[i] + offset, weights});
  }
  return all;
}

template <class Scalar>
double Chain<Scalar>::multiply_adds(Index batch) const {
  double sum = 0.0;
  for (const auto& layer : layers_) sum += layer->multiply_adds(batch);
  return sum;
}

template <class Scalar>
std::unique_ptr<ChainWorkspace<Scalar>> Chain<Scalar>::workspace(const Samples<Scalar>& samples, Index batch,
                                                                 int n_threads) const {
  const Index rows = std::min(batch, group_rows_);
  auto workspace = std::make_unique<ChainWorkspace<Scalar>>();
  if (layers_.front()->pools_input()) workspace->pooled = layers_.front()->pool(samples.inputs, n_threads);
  workspace->values.resize(slots_.back() + 1);
  workspace->gradients.resize(slots_.back() + 1);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer<Scalar>& layer = *layers_[i];
    workspace->layers.push_back(layer.scratch(rows, block_rows_, true, i > first_trained_));
    if (in_place(i)) continue;
    workspace->values[slots_[i]].resize(rows, layer.n_outputs());
    if (keeps_gradient(i)) workspace->gradients[slots_[i]].resize(rows, layer.n_outputs());
  }
  workspace->losses.resize(static_cast<std::size_t>(Blocks(rows, block_rows_).count()));
  return workspace;
}

template <class Scalar>
double Chain<Scalar>::sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass,
                           int n_threads, const BlockLoss& loss, ChainWorkspace<Scalar>& workspace,
                           Scalar* gradient) const {
  const ConstMatrixRef<Scalar> inputs =
      workspace.pooled.size() > 0 ? ConstMatrixRef<Scalar>(workspace.pooled) : samples.inputs;
  if (rows.indices != nullptr) workspace.values[0].resize(workspace.values.back().rows(), inputs.cols());
  parallel_for(static_cast<Index>(prepare_.size()), n_threads, [&](Index t) {
    const Task& task = prepare_[static_cast<std::size_t>(t)];
    layers_[task.layer]->prepare(task.task, theta + offsets_[task.layer], workspace.layers[task.layer].get());
  });
  const Blocks groups(rows.count, group_rows_);
  double sum = 0.0;
  for (Index g = 0; g < groups.count(); ++g) {
    const Rows part = rows.part(groups.begin(g), groups.length(g));
    sum += group(theta, inputs, part, groups.begin(g), pass, n_threads, loss, workspace, gradient,
                 g == 0 ? Into::overwrite : Into::add);
  }
  parallel_for(static_cast<Index>(finish_.size()), n_threads, [&](Index t) {
    const Task& task = finish_[static_cast<std::size_t>(t)];
    const Index offset = offsets_[task.layer];
    layers_[task.layer]->finish(task.task, theta + offset, gradient + offset, workspace.layers[task.layer].get());
  });
  return sum;
}

/// One group: forward, loss and reverse for blocks of its samples, then the gradient over all of them.
template <class Scalar>
double Chain<Scalar>::group(const Scalar* theta, const ConstMatrixRef<Scalar>& inputs, const Rows& rows, Index row,
                            const Pass& pass, int n_threads, const BlockLoss& loss, ChainWorkspace<Scalar>& workspace,
                            Scalar* gradient, Into into) const {
  const std::size_t n_layers = layers_.size();
  const bool gathers = rows.indices != nullptr;
  auto& values = workspace.values;
  const auto input = [&](std::size_t i, Index first, Index count) -> ConstMatrixRef<Scalar> {
    if (i > 0) return values[slots_[i - 1]].middleRows(first, count);
    if (gathers) return values[0].middleRows(first, count);
    return inputs.middleRows(rows.first + first, count);
  };
  const auto d_output = [&](std::size_t i) -> Matrix<Scalar>& {
    return slots_[i] == slots_.back() ? values.back() : workspace.gradients[slots_[i]];
  };

  const Blocks blocks(rows.count, block_rows_);
  parallel_for(blocks.count(), n_threads, [&](Index block) {
    const Index first = blocks.begin(block), count = blocks.length(block);
    if (gathers) {
      for (Index i = first; i < first + count; ++i) values[0].row(i) = inputs.row(rows[i]);
    }
    for (std::size_t i = 0; i < n_layers; ++i) {
      layers_[i]->forward(pass, row + first, first, theta + offsets_[i], input(i, first, count),
                          values[slots_[i]].middleRows(first, count), workspace.layers[i].get());
    }
    workspace.losses[static_cast<std::size_t>(block)] = loss(rows, first, values.back().middleRows(first, count));
    for (std::size_t i = n_layers; i-- > first_trained_;) {
      const ConstMatrixRef<Scalar> d_out = d_output(i).middleRows(first, count);
      const ConstMatrixRef<Scalar> out = values[slots_[i]].middleRows(first, count);
      if (i > first_trained_) {
        MatrixRef<Scalar> d_in = d_output(i - 1).middleRows(first, count);
        layers_[i]->reverse(pass, row + first, first, out, d_out, &d_in, workspace.layers[i].get());
      } else {
        layers_[i]->reverse(pass, row + first, first, out, d_out, nullptr, workspace.layers[i].get());
      }
    }
  });
  parallel_for(static_cast<Index>(gradient_.size()), n_threads, [&](Index t) {
    const Task& task = gradient_[static_cast<std::size_t>(t)];
    const std::size_t i = task.layer;
    layers_[i]->gradient(task.task, input(i, 0, rows.count), d_output(i).topRows(rows.count), gradient + offsets_[i],
                         into, workspace.layers[i].get());
  });
  double sum = 0.0;
  for (Index block = 0; block < blocks.count(); ++block) sum += workspace.losses[static_cast<std::size_t>(block)];
  return sum;
}

template class Chain<float>;
template class Chain<double>;

}  // namespace ppdl
