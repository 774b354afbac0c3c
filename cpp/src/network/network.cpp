#include <ppdl/network/network.hpp>

#include <ppdl/base/check.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ppdl {
namespace {

template <class Scalar>
std::shared_ptr<const Chain<Scalar>> make_chain(const LayerSpecs<Scalar>& specs, Shape shape,
                                                const NetworkOptions& options) {
  check(!specs.empty() && specs.back()->has_weights(), "layers: the last one must have weights");
  std::vector<std::unique_ptr<const Layer<Scalar>>> layers;
  bool trained = false, makes_maps = false;
  for (const auto& spec : specs) {
    const Index number = static_cast<Index>(layers.size());
    layers.push_back(spec->make(shape, {.setting = {.batch = options.batch, .reverse_input = trained},
                                        .data = number == 0 ? options.data : DataSet{},
                                        .number = number}));
    const Shape output = spec->output_shape(shape);
    makes_maps = makes_maps || (output.n_points() > 1 && (spec->has_weights() || output != shape));
    shape = output;
    trained = trained || spec->has_weights();
  }
  return std::make_shared<const Chain<Scalar>>(std::move(layers), makes_maps);
}

}  // namespace

template <class Scalar>
Network<Scalar>::Network(const LayerSpecs<Scalar>& layers, const Shape& input, const NetworkOptions& options)
    : n_inputs_(input.size()), options_(options) {
  check(options.alpha >= 0.0 && std::isfinite(options.alpha), "alpha: received ", options.alpha,
        "; expected a finite number, at least 0");
  check(options.batch > 0, "batch_size: received ", options.batch, "; expected at least 1");
  chain_ = make_chain(layers, input, options);
  penalty_ = Penalty<Scalar>(options.alpha, options.penalise_predicted, chain_->weights());
}

template <class Scalar>
std::vector<LayerDescription> Network<Scalar>::describe() const {
  std::vector<LayerDescription> all;
  for (Index i = 0; i < chain_->size(); ++i) {
    auto description = chain_->layer(i).describe(options_.batch);
    if (!description) continue;
    description->offset += chain_->offset(i);
    description->bias_offset += chain_->offset(i);
    all.push_back(*description);
  }
  return all;
}

template <class Scalar>
Vector<Scalar> Network<Scalar>::initial(std::uint64_t seed, const Initialisation& initialisation) const {
  Vector<Scalar> theta = Vector<Scalar>::Zero(n_parameters());
  std::uint64_t stream = 0;
  for (Index i = 0; i < chain_->size(); ++i) {
    const Layer<Scalar>& layer = chain_->layer(i);
    if (layer.weights().empty()) continue;
    initialise<Scalar>(layer.weights(), layer.fan_out(), Random(seed, stream++), initialisation,
                       theta.data() + chain_->offset(i));
  }
  return theta;
}

template <class Scalar>
Predictor<Scalar> Network<Scalar>::predictor(const Scalar* theta) const {
  return Predictor<Scalar>(chain_, n_inputs_, options_.loss, theta);
}

template <class Scalar>
std::unique_ptr<Workspace> Network<Scalar>::workspace(const Samples<Scalar>& samples, Index batch,
                                                      int n_threads) const {
  return chain_->workspace(samples, batch, n_threads);
}

template <class Scalar>
Sums Network<Scalar>::sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass,
                           int n_threads, Workspace& workspace, Scalar* gradient) const {
  const double loss = chain_->sums(
      theta, samples, rows, pass, n_threads,
      [&](const Rows& group, Index first, MatrixRef<Scalar> Z) {
        return loss_and_gradient<Scalar>(options_.loss, samples, group, first, Z);
      },
      static_cast<ChainWorkspace<Scalar>&>(workspace), gradient);
  return {loss, samples.total_weight(rows)};
}

template <class Scalar>
double Network<Scalar>::penalise(const Scalar* theta, Scalar* gradient) const {
  return penalty_.penalise(theta, gradient);
}

template <class Scalar>
double Network<Scalar>::finish(const Scalar* theta, const Sums& sums, Index first, Index count,
                               Scalar* gradient) const {
  return penalty_.finish(theta, sums, first, count, gradient);
}

template <class Scalar>
void Network<Scalar>::check_samples(const Samples<Scalar>& samples) const {
  check_size("columns of the inputs", samples.inputs.cols(), n_inputs_, "inputs of the network");
  const Index n = samples.inputs.rows();
  check(n > 0, "there are no samples");
  if (options_.loss == Loss::softmax) {
    check(samples.labels != nullptr, "softmax takes int32 labels; received a matrix of targets");
    const auto [low, high] = std::minmax_element(samples.labels, samples.labels + n);
    check(*low >= 0 && *high < n_outputs(), "labels: received ", *low, " … ", *high, "; expected 0 … ",
          n_outputs() - 1);
  } else {
    check(samples.targets != nullptr, "this loss takes a matrix of targets; received labels");
    check_size("columns of the targets", samples.targets->cols(), n_outputs(), "outputs of the network");
  }
  check(samples.total_weight({.count = n}) > 0.0, "the sample weights must have a positive sum");
}

template <class Scalar>
std::vector<ColumnNorm> Network<Scalar>::weight_blocks() const {
  std::vector<ColumnNorm> all;
  for (Index i = 0; i < chain_->size(); ++i) {
    const auto parts = chain_->layer(i).weights();
    if (parts.empty()) continue;
    const auto& [offset, weights] = parts.back();  // V; before it stands a U that is learned
    const std::vector<ColumnNorm> blocks = weight_blocks_of(*weights, chain_->offset(i) + offset);
    all.insert(all.end(), blocks.begin(), blocks.end());
  }
  return all;
}

template class Network<float>;
template class Network<double>;

}  // namespace ppdl
