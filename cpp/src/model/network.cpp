#include <ppdl/model/network.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/layer/dropout.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ppdl {
namespace {

// A batch size for inference: the predicted weights are made once for all samples.
constexpr Index kInferenceBatch = 2048;

/// Whether the atoms are something else than inputs, so that there is a static part to compute ahead.
template <class Scalar>
bool has_static_part(const PredictedWeights<Scalar>& weights) {
  return !weights.learned() && (weights.base() || weights.has_mix());
}

template <class Scalar>
Product<Scalar> choose_product(const DenseSpec<Scalar>& spec, Setting setting, Index n_samples, double memory_limit) {
  using Choice = typename DenseSpec<Scalar>::Choice;
  const PredictedWeights<Scalar>& weights = *spec.weights;
  std::vector<Order> orders;
  if (spec.order != Choice::predict) {
    const bool selects = !weights.learned() && !weights.base() && !weights.has_mix();
    if (selects || weights.base()) orders.push_back(Order::shared);
    if (!selects) orders.push_back(Order::pool);
  }
  if (spec.order == Choice::predict || (spec.order == Choice::automatic && !weights.is_identity())) {
    orders.push_back(Order::predict);
  }
  Order best = orders.front();
  bool best_once = false;
  double least = std::numeric_limits<double>::infinity();
  for (const Order order : orders) {
    for (const bool once : {false, true}) {
      if (once) {
        if (n_samples == 0 || order == Order::predict || !has_static_part(weights)) continue;
        if (order == Order::shared && !weights.base()) continue;
        const Index width = order == Order::pool ? weights.n_atoms() : weights.base()->cols();
        const double bytes = static_cast<double>(n_samples) * static_cast<double>(width) * sizeof(Scalar);
        if (bytes > memory_limit) continue;
      }
      setting.pooled_once = once;
      const double cost = effort(weights, order, setting);
      if (cost < least) {
        least = cost;
        best = order;
        best_once = once;
      }
    }
  }
  return Product<Scalar>(spec.weights, best, best_once);
}

}  // namespace

template <class Scalar>
Network<Scalar>::Network(std::vector<LayerSpec<Scalar>> layers, Index n_inputs, const NetworkOptions& options)
    : specs_(std::move(layers)), n_inputs_(n_inputs), options_(options) {
  check(!specs_.empty() && std::holds_alternative<DenseSpec<Scalar>>(specs_.back()), "the last layer must be dense");
  check(options.alpha >= 0.0 && std::isfinite(options.alpha), "alpha must be finite and >= 0; received ",
        options.alpha);
  plan(1);
}

template <class Scalar>
Index Network<Scalar>::n_dense() const {
  return std::count_if(specs_.begin(), specs_.end(),
                       [](const auto& spec) { return std::holds_alternative<DenseSpec<Scalar>>(spec); });
}

/// The layers up to dense layer number `n_dense`, that one excluded; for inference without dropout.
template <class Scalar>
Chain<Scalar> Network<Scalar>::build(const Setting& setting, Index n_samples, double memory_limit,
                                     Index n_dense) const {
  std::vector<std::unique_ptr<const Layer<Scalar>>> layers;
  Index width = n_inputs_;
  Index dense = 0;
  bool trained = false;
  for (const LayerSpec<Scalar>& spec : specs_) {
    if (const auto* d = std::get_if<DenseSpec<Scalar>>(&spec)) {
      if (dense++ == n_dense) break;
      check_size("inputs of a dense layer", d->weights->n_visible(), width, "outputs of the layer before it");
      Setting own = setting;
      own.reverse_input = trained;
      Product<Scalar> product = choose_product(*d, own, layers.empty() ? n_samples : 0, memory_limit);
      if (options_.penalise_predicted) product.prepare_predicted_decay();
      layers.push_back(std::make_unique<DenseLayer<Scalar>>(std::move(product), d->bias));
      trained = true;
    } else if (const auto* a = std::get_if<ActivationSpec>(&spec)) {
      layers.push_back(std::make_unique<ActivationLayer<Scalar>>(a->kind, width));
    } else if (const auto* m = std::get_if<MaxoutSpec>(&spec)) {
      layers.push_back(std::make_unique<MaxoutLayer<Scalar>>(m->n_inputs, m->n_pieces));
    } else if (setting.training) {
      layers.push_back(std::make_unique<DropoutLayer<Scalar>>(width, std::get<DropoutSpec>(spec).rate,
                                                              static_cast<Index>(&spec - specs_.data())));
    } else {
      continue;
    }
    width = layers.back()->n_outputs();
  }
  return Chain<Scalar>(std::move(layers));
}

template <class Scalar>
void Network<Scalar>::plan(Index batch, Index n_samples, double memory_limit) {
  check(batch > 0, "the batch size must be positive; received ", batch);
  batch_ = batch;
  training_ = build({.batch = batch}, n_samples, memory_limit, n_dense());
}

template <class Scalar>
Matrix<Scalar> Network<Scalar>::pool_input(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  check(pools_input(), "this network's plan doesn't pool the data set; pass X itself");
  return training_.first_product()->pool(X, n_threads);
}

template <class Scalar>
std::vector<DenseDescription> Network<Scalar>::describe() const {
  std::vector<DenseDescription> all;
  for (Index i = 0; i < training_.size(); ++i) {
    const auto* dense = dynamic_cast<const DenseLayer<Scalar>*>(&training_.layer(i));
    if (dense == nullptr) continue;
    const PredictedWeights<Scalar>& w = dense->product().weights();
    const Setting setting{.batch = batch_,
                          .pooled_once = dense->product().pooled_once(),
                          .reverse_input = !all.empty(),
                          .training = true};
    const double batch = static_cast<double>(batch_);
    all.push_back({.n_visible = w.n_visible(),
                   .n_hidden = w.n_hidden(),
                   .n_columns = w.n_columns(),
                   .n_atoms = w.n_atoms(),
                   .n_dynamic = w.n_dynamic(),
                   .n_static = w.n_static(),
                   .n_bias = dense->bias() ? w.n_hidden() : 0,
                   .order = dense->product().order(),
                   .identity = w.is_identity(),
                   .pooled_once = dense->product().pooled_once(),
                   .multiply_adds = ppdl::multiply_adds(w, dense->product().order(), setting) / batch,
                   .dense_multiply_adds = dense_multiply_adds(w, setting) / batch,
                   .offset = training_.offset(i),
                   .bias_offset = training_.offset(i) + w.n_dynamic()});
  }
  return all;
}

template <class Scalar>
Vector<Scalar> Network<Scalar>::initial(std::uint64_t seed, const Initialisation& initialisation) const {
  Vector<Scalar> theta = Vector<Scalar>::Zero(n_parameters());
  std::uint64_t stream = 0;
  for (Index i = 0; i < training_.size(); ++i) {
    const auto* dense = dynamic_cast<const DenseLayer<Scalar>*>(&training_.layer(i));
    if (dense == nullptr) continue;
    initialise(dense->product().weights(), Random(seed, stream++), initialisation, theta.data() + training_.offset(i));
  }
  return theta;
}

template <class Scalar>
std::unique_ptr<Workspace> Network<Scalar>::workspace(Index batch) const {
  return training_.workspace(batch, true);
}

template <class Scalar>
double Network<Scalar>::value_and_gradient(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows,
                                           const Step& step, Workspace& workspace, Scalar* gradient) const {
  const double scale = 1.0 / step.total_weight;
  const Decay<Scalar> decay{static_cast<Scalar>(options_.alpha * scale), options_.penalise_predicted};
  return training_.value_and_gradient(
      theta, samples.inputs, rows, step, decay,
      [&](Index first, MatrixRef<Scalar> Z) {
        return loss_and_gradient<Scalar>(options_.loss, samples, rows, first, scale, Z);
      },
      static_cast<ChainWorkspace<Scalar>&>(workspace), gradient);
}

template <class Scalar>
void Network<Scalar>::check_samples(const Samples<Scalar>& samples) const {
  check_size("columns of the inputs", samples.inputs.cols(), input_width(),
             pools_input() ? "width of the pooled data" : "inputs of the network");
  const Index n = samples.inputs.rows();
  check(n > 0, "there are no samples");
  if (options_.loss == Loss::softmax) {
    check(samples.labels != nullptr, "softmax takes int32 labels; received a matrix of targets");
    const auto [low, high] = std::minmax_element(samples.labels, samples.labels + n);
    check(*low >= 0 && *high < n_outputs(), "labels must be in 0 … ", n_outputs() - 1, "; received ", *low, " … ",
          *high);
  } else {
    check(samples.targets != nullptr, "this loss takes a matrix of targets; received labels");
    check_size("columns of the targets", samples.targets->cols(), n_outputs(), "outputs of the network");
  }
  check(samples.total_weight({.first = 0, .count = n}) > 0.0, "the sample weights must have a positive sum");
}

template <class Scalar>
std::vector<ColumnNorm> Network<Scalar>::weight_blocks() const {
  std::vector<ColumnNorm> blocks;
  for (Index i = 0; i < training_.size(); ++i) {
    const auto* dense = dynamic_cast<const DenseLayer<Scalar>*>(&training_.layer(i));
    if (dense == nullptr) continue;
    const PredictedWeights<Scalar>& w = dense->product().weights();
    for (Index j = 0; j < w.n_columns(); ++j) {
      blocks.push_back({training_.offset(i) + w.offset_v(j), w.n_atoms(j), w.n_hidden(j)});
    }
  }
  return blocks;
}

template <class Scalar>
Matrix<Scalar> Network<Scalar>::predict(const Scalar* theta, const ConstMatrixRef<Scalar>& X, int n_threads) const {
  Matrix<Scalar> output = activations(theta, X, n_dense(), n_threads);
  apply_link<Scalar>(options_.loss, output);
  return output;
}

template <class Scalar>
Matrix<Scalar> Network<Scalar>::activations(const Scalar* theta, const ConstMatrixRef<Scalar>& X, Index n_dense,
                                            int n_threads) const {
  check_size("columns of X", X.cols(), n_inputs_, "the network's inputs");
  check(n_dense >= 0 && n_dense <= this->n_dense(), "dense layer ", n_dense, " is outside 0 … ", this->n_dense());
  if (n_dense == 0) return X;
  const Index batch = std::clamp<Index>(X.rows(), 1, kInferenceBatch);
  return build({.batch = batch, .training = false}, 0, 0.0, n_dense).run(theta, X, n_threads);
}

template class Network<float>;
template class Network<double>;

}  // namespace ppdl
