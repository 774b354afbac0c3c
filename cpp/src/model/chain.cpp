#include <ppdl/model/chain.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace ppdl {
namespace {

// Samples that one task takes forward and back: enough rows for Eigen's products to run at full speed.
constexpr Index kTrainingRows = 64;
constexpr Index kInferenceRows = 256;
// Samples whose activations are held at a time when only the outputs are wanted.
constexpr Index kInferenceChunk = 2048;

}  // namespace

template <class Scalar>
Chain<Scalar>::Chain(std::vector<std::unique_ptr<const Layer<Scalar>>> layers) : layers_(std::move(layers)) {
  std::size_t slot = 0;
  first_trained_ = layers_.size();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer<Scalar>& layer = *layers_[i];
    if (i > 0)
      check_size("inputs of a layer", layer.n_inputs(), layers_[i - 1]->n_outputs(), "outputs of the layer before it");
    check(i > 0 || !layer.in_place(), "the first layer must not be an activation");
    if (!layer.in_place()) ++slot;
    slots_.push_back(slot);
    offsets_.push_back(n_parameters_);
    n_parameters_ += layer.n_parameters();
    if (layer.n_parameters() > 0) first_trained_ = std::min(first_trained_, i);
    for (Index t = 0; t < layer.n_prepare_tasks(); ++t) prepare_.push_back({i, t});
    for (Index t = 0; t < layer.n_gradient_tasks(); ++t) gradient_.push_back({i, t});
    for (Index t = 0; t < layer.n_finish_tasks(); ++t) finish_.push_back({i, t});
  }
}

template <class Scalar>
const Product<Scalar>* Chain<Scalar>::first_product() const {
  const auto* dense = dynamic_cast<const DenseLayer<Scalar>*>(layers_.front().get());
  return dense != nullptr ? &dense->product() : nullptr;
}

template <class Scalar>
double Chain<Scalar>::multiply_adds(Index batch) const {
  double sum = 0.0;
  for (const auto& layer : layers_) sum += layer->multiply_adds(batch);
  return sum;
}

template <class Scalar>
std::unique_ptr<ChainWorkspace<Scalar>> Chain<Scalar>::workspace(Index batch, bool training) const {
  auto workspace = std::make_unique<ChainWorkspace<Scalar>>();
  workspace->values.resize(slots_.back() + 1);
  workspace->gradients.resize(slots_.back() + 1);
  if (training) workspace->values[0].resize(batch, n_inputs());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer<Scalar>& layer = *layers_[i];
    workspace->layers.push_back(layer.buffers(batch, training, i > first_trained_));
    if (layer.in_place()) continue;
    workspace->values[slots_[i]].resize(batch, layer.n_outputs());
    // The last gradient is written over the output; those before the first parameters are never asked for.
    if (training && i >= first_trained_ && i + 1 < layers_.size()) {
      workspace->gradients[slots_[i]].resize(batch, layer.n_outputs());
    }
  }
  workspace->losses.resize(static_cast<std::size_t>(Blocks(batch, kTrainingRows).count()));
  workspace->penalties.resize(std::max(gradient_.size(), finish_.size()));
  return workspace;
}

template <class Scalar>
void Chain<Scalar>::prepare(const Scalar* theta, int n_threads, ChainWorkspace<Scalar>& workspace) const {
  parallel_for(static_cast<Index>(prepare_.size()), n_threads, [&](Index t) {
    const auto [i, task] = prepare_[static_cast<std::size_t>(t)];
    layers_[i]->prepare(task, theta + offsets_[i], workspace.layers[i]);
  });
}

template <class Scalar>
double Chain<Scalar>::value_and_gradient(const Scalar* theta, const ConstMatrixRef<Scalar>& inputs, const Rows& rows,
                                         const Step& step, const Decay<Scalar>& decay, const BlockLoss& loss,
                                         ChainWorkspace<Scalar>& workspace, Scalar* gradient) const {
  const Index batch = rows.count;
  const std::size_t n_layers = layers_.size();
  const bool gathers = rows.indices != nullptr;
  auto& values = workspace.values;
  auto& gradients = workspace.gradients;
  const auto input = [&](std::size_t i, Index first, Index count) -> ConstMatrixRef<Scalar> {
    if (i > 0) return values[slots_[i - 1]].middleRows(first, count);
    if (gathers) return values[0].middleRows(first, count);
    return inputs.middleRows(rows.first + first, count);
  };
  const auto d_output = [&](std::size_t i) -> Matrix<Scalar>& {
    return slots_[i] == slots_.back() ? values.back() : gradients[slots_[i]];
  };

  prepare(theta, step.n_threads, workspace);

  const Blocks blocks(batch, kTrainingRows);
  parallel_for(blocks.count(), step.n_threads, [&](Index block) {
    const Index first = blocks.begin(block), count = blocks.length(block);
    if (gathers) {
      for (Index i = first; i < first + count; ++i) values[0].row(i) = inputs.row(rows[i]);
    }
    for (std::size_t i = 0; i < n_layers; ++i) {
      layers_[i]->forward(step.pass, first, theta + offsets_[i], input(i, first, count),
                          values[slots_[i]].middleRows(first, count), workspace.layers[i]);
    }
    workspace.losses[static_cast<std::size_t>(block)] = loss(first, values.back().middleRows(first, count));
    for (std::size_t i = n_layers; i-- > first_trained_;) {
      const ConstMatrixRef<Scalar> d_out = d_output(i).middleRows(first, count);
      const ConstMatrixRef<Scalar> out = values[slots_[i]].middleRows(first, count);
      if (i > first_trained_) {
        MatrixRef<Scalar> d_in = d_output(i - 1).middleRows(first, count);
        layers_[i]->reverse(step.pass, first, theta + offsets_[i], out, d_out, &d_in, workspace.layers[i]);
      } else {
        layers_[i]->reverse(step.pass, first, theta + offsets_[i], out, d_out, nullptr, workspace.layers[i]);
      }
    }
  });

  const Decay<Scalar> no_decay{};
  const Decay<Scalar>& used = step.decay ? decay : no_decay;
  double value = 0.0;
  for (Index block = 0; block < blocks.count(); ++block) value += workspace.losses[static_cast<std::size_t>(block)];
  value /= step.total_weight;
  const auto run = [&](const std::vector<Task>& tasks, auto&& body) {
    parallel_for(static_cast<Index>(tasks.size()), step.n_threads, [&](Index t) {
      const auto [i, task] = tasks[static_cast<std::size_t>(t)];
      workspace.penalties[static_cast<std::size_t>(t)] = body(i, task);
    });
    for (std::size_t t = 0; t < tasks.size(); ++t) value += workspace.penalties[t];
  };
  run(gradient_, [&](std::size_t i, Index task) {
    return layers_[i]->gradient(task, theta + offsets_[i], input(i, 0, batch), d_output(i).topRows(batch), used,
                                gradient + offsets_[i], workspace.layers[i]);
  });
  run(finish_, [&](std::size_t i, Index task) {
    return layers_[i]->finish(task, theta + offsets_[i], used, gradient + offsets_[i], workspace.layers[i]);
  });
  return value;
}

template <class Scalar>
Matrix<Scalar> Chain<Scalar>::run(const Scalar* theta, const ConstMatrixRef<Scalar>& X, int n_threads) const {
  Matrix<Scalar> output(X.rows(), n_outputs());
  const Index chunk = std::min(X.rows(), kInferenceChunk);
  const auto workspace = this->workspace(chunk, false);
  n_threads = threads_for(multiply_adds(chunk), n_threads);
  prepare(theta, n_threads, *workspace);
  auto& values = workspace->values;
  for (Index start = 0; start < X.rows(); start += chunk) {
    const Index size = std::min(chunk, X.rows() - start);
    const Blocks blocks(size, kInferenceRows);
    parallel_for(blocks.count(), n_threads, [&](Index block) {
      const Index first = blocks.begin(block), count = blocks.length(block);
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        const ConstMatrixRef<Scalar> in = i > 0 ? ConstMatrixRef<Scalar>(values[slots_[i - 1]].middleRows(first, count))
                                                : ConstMatrixRef<Scalar>(X.middleRows(start + first, count));
        layers_[i]->forward({}, first, theta + offsets_[i], in, values[slots_[i]].middleRows(first, count),
                            workspace->layers[i]);
      }
      output.middleRows(start + first, count) = values.back().middleRows(first, count);
    });
  }
  return output;
}

template class Chain<float>;
template class Chain<double>;

}  // namespace ppdl
