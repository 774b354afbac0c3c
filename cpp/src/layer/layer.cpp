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
Matrix<Scalar> Layer<Scalar>::pool(const ConstMatrixRef<Scalar>& X, int) const {
  return X;
}

template <class Scalar>
std::unique_ptr<Inference<Scalar>> Layer<Scalar>::inference(const Scalar*) const {
  return std::make_unique<Stateless<Scalar>>(*this);
}

template class Layer<float>;
template class Layer<double>;

}  // namespace ppdl
