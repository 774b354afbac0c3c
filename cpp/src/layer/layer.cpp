#include <ppdl/layer/layer.hpp>

namespace ppdl {
namespace {

/// A layer that θ makes no difference to.
template <class Scalar>
class Stateless final : public Inference<Scalar> {
 public:
  explicit Stateless(const Layer<Scalar>& layer) : layer_(&layer) {}
  [[nodiscard]] Index n_outputs() const override { return layer_->n_outputs(); }
  [[nodiscard]] bool in_place() const override { return layer_->in_place(); }
  void forward(const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output) const override {
    layer_->forward({}, 0, 0, nullptr, input, output, nullptr);
  }

 private:
  const Layer<Scalar>* layer_;
};

}  // namespace

template <class Scalar>
LayerDescription described(const PredictedWeights<Scalar>& weights, bool bias, const Plan& plan, double multiply_adds,
                           double dense_multiply_adds) {
  return {.n_visible = weights.n_visible(),
          .n_hidden = weights.n_hidden(),
          .n_columns = weights.n_columns(),
          .n_atoms = weights.n_atoms(),
          .n_dynamic = weights.n_dynamic(),
          .n_static = weights.n_static(),
          .n_bias = bias ? weights.n_hidden() : 0,
          .order = plan.order,
          .identity = weights.is_identity(),
          .pooled_once = plan.pooled_once,
          .multiply_adds = multiply_adds,
          .dense_multiply_adds = dense_multiply_adds,
          .offset = 0,
          .bias_offset = weights.n_dynamic()};
}

template <class Scalar>
Matrix<Scalar> Layer<Scalar>::pool(const ConstMatrixRef<Scalar>& X, int) const {
  return X;
}

template <class Scalar>
std::unique_ptr<Inference<Scalar>> Layer<Scalar>::inference(const Scalar*) const {
  return std::make_unique<Stateless<Scalar>>(*this);
}

template LayerDescription described(const PredictedWeights<float>&, bool, const Plan&, double, double);
template LayerDescription described(const PredictedWeights<double>&, bool, const Plan&, double, double);
template class Layer<float>;
template class Layer<double>;

}  // namespace ppdl
