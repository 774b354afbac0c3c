#include <ppdl/layer/activation.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/transform.hpp>

namespace ppdl {

Activation activation_from_string(std::string_view name) {
  for (const Activation kind : {Activation::identity, Activation::logistic, Activation::tanh, Activation::relu}) {
    if (name == to_string(kind)) return kind;
  }
  throw_invalid("activation: received '", name, "'; expected identity, logistic, tanh or relu");
}

std::string_view to_string(Activation kind) {
  switch (kind) {
    case Activation::identity:
      return "identity";
    case Activation::logistic:
      return "logistic";
    case Activation::tanh:
      return "tanh";
    default:
      return "relu";
  }
}

template <class Scalar>
void activate(Activation kind, MatrixRef<Scalar> Z) {
  switch (kind) {
    case Activation::identity:
      break;
    case Activation::logistic:
      transform<Scalar>(Z, [](const auto& z) { return z.logistic(); });
      break;
    case Activation::tanh:
      transform<Scalar>(Z, [](const auto& z) { return z.tanh(); });
      break;
    case Activation::relu:
      Z = Z.cwiseMax(Scalar(0));
      break;
  }
}

template <class Scalar>
void activate_reverse(Activation kind, const ConstMatrixRef<Scalar>& A, MatrixRef<Scalar> dA) {
  switch (kind) {
    case Activation::identity:
      break;
    case Activation::logistic:
      dA.array() *= A.array() * (Scalar(1) - A.array());
      break;
    case Activation::tanh:
      dA.array() *= Scalar(1) - A.array().square();
      break;
    case Activation::relu:
      dA = (A.array() > Scalar(0)).select(dA, Scalar(0));
      break;
  }
}

namespace {

template <class Scalar>
class ActivationLayer final : public Layer<Scalar> {
 public:
  ActivationLayer(Activation kind, Index n_units) : kind_(kind), n_units_(n_units) {}
  [[nodiscard]] Index n_inputs() const override { return n_units_; }
  [[nodiscard]] Index n_outputs() const override { return n_units_; }
  [[nodiscard]] bool in_place() const override { return true; }

  void forward(const Pass&, Index, Index, const Scalar*, const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output,
               Scratch*) const override {
    if (output.data() != input.data()) output = input;
    activate<Scalar>(kind_, output);
  }

  void reverse(const Pass&, Index, Index, const ConstMatrixRef<Scalar>& output, const ConstMatrixRef<Scalar>& d_output,
               MatrixRef<Scalar>* d_input, Scratch*) const override {
    if (d_input->data() != d_output.data()) *d_input = d_output;
    activate_reverse<Scalar>(kind_, output, *d_input);
  }

 private:
  Activation kind_;
  Index n_units_;
};

}  // namespace

template <class Scalar>
std::unique_ptr<const Layer<Scalar>> ActivationSpec<Scalar>::make(const Shape& input, const LayerContext&) const {
  return std::make_unique<ActivationLayer<Scalar>>(kind_, input.size());
}

template void activate<float>(Activation, MatrixRef<float>);
template void activate<double>(Activation, MatrixRef<double>);
template void activate_reverse<float>(Activation, const ConstMatrixRef<float>&, MatrixRef<float>);
template void activate_reverse<double>(Activation, const ConstMatrixRef<double>&, MatrixRef<double>);
template class ActivationSpec<float>;
template class ActivationSpec<double>;

}  // namespace ppdl
