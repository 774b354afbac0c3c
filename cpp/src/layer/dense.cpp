#include <ppdl/layer/dense.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/layer/low_rank.hpp>
#include <ppdl/weights/channels.hpp>

#include <utility>

namespace ppdl {
namespace {

// Samples that orders of inference are compared for.
constexpr Index kInferenceBatch = 256;
// The pooled order is taken where it needs less than this part of the merged weights' effort.
constexpr double kWorthPooling = 0.9;

/// XW + b by the merged weights, or pooled where that is cheaper.
template <class Scalar>
class DenseInference final : public Inference<Scalar> {
 public:
  DenseInference(const std::shared_ptr<const PredictedWeights<Scalar>>& weights, const Scalar* V, const Scalar* bias)
      : weights_(weights) {
    const PredictedWeights<Scalar>& w = *weights_;
    const ConstVectorRef<Scalar> v = Eigen::Map<const Vector<Scalar>>(V, w.n_dynamic());
    if (bias != nullptr) bias_ = Eigen::Map<const RowVector<Scalar>>(bias, w.n_hidden());
    if (!pays_to_pool()) {
      merged_ = w.is_identity() ? Panels<Scalar>(w.v(V, 0)) : Panels<Scalar>(w.materialise(v));
      return;
    }
    U_ = Panels<Scalar>(w.point_dictionary());
    for (Index j = 0; j < w.n_columns(); ++j) V_.emplace_back(w.v(V, j));
  }

  [[nodiscard]] Index n_outputs() const override { return weights_->n_hidden(); }

  void forward(const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output) const override {
    if (V_.empty()) {
      multiply<Scalar>(input, merged_, output);
    } else {
      const PredictedWeights<Scalar>& w = *weights_;
      Matrix<Scalar> P(input.rows(), w.n_atoms());
      multiply_by_channels<Scalar>(input, U_, w.n_channels(), P);
      for (Index j = 0; j < w.n_columns(); ++j) {
        multiply<Scalar>(P.middleCols(w.first_atom(j), w.n_atoms(j)), V_[static_cast<std::size_t>(j)],
                         output.middleCols(w.first_hidden(j), w.n_hidden(j)));
      }
    }
    if (bias_.size() > 0) output.rowwise() += bias_;
  }

 private:
  [[nodiscard]] bool pays_to_pool() const {
    if (weights_->selects()) return false;
    const Setting setting{.batch = kInferenceBatch, .training = false};
    const auto ordinary = PredictedWeights<Scalar>::identity(weights_->n_visible(), weights_->n_hidden());
    return effort(*weights_, Order::pool, setting) < kWorthPooling * effort(*ordinary, Order::shared, setting);
  }

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  RowVector<Scalar> bias_;
  Panels<Scalar> merged_, U_;
  std::vector<Panels<Scalar>> V_;
};

}  // namespace

template <class Scalar>
struct DenseLayer<Scalar>::Work final : Scratch {
  explicit Work(typename Evaluation<Scalar>::Scratch made) : of(std::move(made)) {}
  static auto& in(Scratch* scratch) { return static_cast<Work*>(scratch)->of; }
  typename Evaluation<Scalar>::Scratch of;
};

template <class Scalar>
DenseLayer<Scalar>::DenseLayer(Evaluation<Scalar> evaluation, bool bias, bool reverse_input)
    : evaluation_(std::move(evaluation)), bias_(bias), reverse_input_(reverse_input) {}

template <class Scalar>
Index DenseLayer<Scalar>::n_parameters() const {
  return evaluation_.weights().n_dynamic() + (bias_ ? n_outputs() : 0);
}

template <class Scalar>
std::vector<WeightBlock<Scalar>> DenseLayer<Scalar>::weights() const {
  return {{0, evaluation_.shared_weights()}};
}

template <class Scalar>
std::optional<LayerDescription> DenseLayer<Scalar>::describe(Index batch) const {
  const PredictedWeights<Scalar>& w = evaluation_.weights();
  const double samples = static_cast<double>(batch);
  return described(
      w, bias_, Plan{evaluation_.order(), evaluation_.pooled_once()}, multiply_adds(batch) / samples,
      dense_multiply_adds(w.n_visible(), w.n_hidden(), {.batch = batch, .reverse_input = reverse_input_}) / samples);
}

template <class Scalar>
double DenseLayer<Scalar>::multiply_adds(Index batch) const {
  return ppdl::multiply_adds(
      evaluation_.weights(), evaluation_.order(),
      {.batch = batch, .pooled_once = evaluation_.pooled_once(), .reverse_input = reverse_input_});
}

template <class Scalar>
Matrix<Scalar> DenseLayer<Scalar>::pool(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  return evaluation_.pool(X, n_threads);
}

template <class Scalar>
std::unique_ptr<Scratch> DenseLayer<Scalar>::scratch(Index rows, Index, bool training, bool reverse_input) const {
  return std::make_unique<Work>(evaluation_.scratch(rows, training, reverse_input));
}

template <class Scalar>
std::unique_ptr<Inference<Scalar>> DenseLayer<Scalar>::inference(const Scalar* theta) const {
  const auto& weights = evaluation_.shared_weights();
  return std::make_unique<DenseInference<Scalar>>(weights, theta, bias_ ? theta + weights->n_dynamic() : nullptr);
}

template <class Scalar>
void DenseLayer<Scalar>::prepare(Index task, const Scalar* theta, Scratch* scratch) const {
  evaluation_.prepare(task, theta, Work::in(scratch));
}

template <class Scalar>
void DenseLayer<Scalar>::forward(const Pass&, Index, Index first, const Scalar* theta,
                                 const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output,
                                 Scratch* scratch) const {
  evaluation_.forward(first, input, output, Work::in(scratch));
  if (bias_) {
    output.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + evaluation_.weights().n_dynamic(), n_outputs());
  }
}

template <class Scalar>
void DenseLayer<Scalar>::reverse(const Pass&, Index, Index first, const ConstMatrixRef<Scalar>&,
                                 const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                                 Scratch* scratch) const {
  evaluation_.reverse(first, d_output, d_input, Work::in(scratch));
}

template <class Scalar>
void DenseLayer<Scalar>::gradient(Index task, const ConstMatrixRef<Scalar>& input,
                                  const ConstMatrixRef<Scalar>& d_output, Scalar* d_theta, Into into,
                                  Scratch* scratch) const {
  if (task < evaluation_.n_gradient_tasks()) {
    evaluation_.gradient(task, input, d_theta, into, Work::in(scratch));
    return;
  }
  Eigen::Map<RowVector<Scalar>> bias(d_theta + evaluation_.weights().n_dynamic(), n_outputs());
  if (into == Into::overwrite) bias.setZero();
  for (Index i = 0; i < d_output.rows(); ++i) bias += d_output.row(i);
}

template <class Scalar>
void DenseLayer<Scalar>::finish(Index task, const Scalar*, Scalar* d_theta, Scratch* scratch) const {
  evaluation_.finish(task, d_theta, Work::in(scratch));
}

template <class Scalar>
DenseSpec<Scalar>::DenseSpec(std::shared_ptr<const PredictedWeights<Scalar>> weights, OrderChoice order, bool bias)
    : weights_(std::move(weights)), order_(order), bias_(bias) {}

template <class Scalar>
Shape DenseSpec<Scalar>::output_shape(const Shape& input) const {
  check_size("inputs of a dense layer", weights_->n_visible(), input.size(), "outputs of the layer before it");
  return {.channels = weights_->n_hidden()};
}

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> DenseSpec<Scalar>::make(const Shape& input, const LayerContext& context) const {
  (void)output_shape(input);
  if (weights_->learned()) return std::make_unique<LowRankLayer<Scalar>>(*weights_, bias_, context);
  const bool reverse_input = context.setting.reverse_input;
  const Plan plan = cheapest_plan(*weights_, order_, context.setting, context.data);
  return std::make_unique<DenseLayer<Scalar>>(Evaluation<Scalar>(weights_, plan, reverse_input), bias_, reverse_input);
}

template class DenseLayer<float>;
template class DenseLayer<double>;
template class DenseSpec<float>;
template class DenseSpec<double>;

}  // namespace ppdl
