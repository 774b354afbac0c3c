#include <ppdl/layer/activation.hpp>

#include <ppdl/base/check.hpp>

namespace ppdl {

Activation activation_from_string(std::string_view name) {
  for (const Activation kind : {Activation::identity, Activation::logistic, Activation::tanh, Activation::relu}) {
    if (name == to_string(kind)) return kind;
  }
  throw_invalid("unknown activation '", name, "'; known are identity, logistic, tanh, relu");
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
      Z.array() = Z.array().logistic();
      break;
    case Activation::tanh:
      Z.array() = Z.array().tanh();
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

template <class Scalar>
void ActivationLayer<Scalar>::forward(const Pass&, Index, const Scalar*, const ConstMatrixRef<Scalar>&,
                                      MatrixRef<Scalar> output, LayerBuffers<Scalar>&) const {
  activate<Scalar>(kind_, output);
}

template <class Scalar>
void ActivationLayer<Scalar>::reverse(const Pass&, Index, const Scalar*, const ConstMatrixRef<Scalar>& output,
                                      const ConstMatrixRef<Scalar>&, MatrixRef<Scalar>* d_input,
                                      LayerBuffers<Scalar>&) const {
  activate_reverse<Scalar>(kind_, output, *d_input);
}

template <class Scalar>
MaxoutLayer<Scalar>::MaxoutLayer(Index n_inputs, Index n_pieces) : n_inputs_(n_inputs), n_pieces_(n_pieces) {
  check(n_pieces > 0 && n_inputs > 0 && n_inputs % n_pieces == 0, "maxout: n_pieces must divide the number of inputs; ",
        "received n_pieces ", n_pieces, " for ", n_inputs, " inputs");
}

template <class Scalar>
LayerBuffers<Scalar> MaxoutLayer<Scalar>::buffers(Index batch, bool training, bool) const {
  LayerBuffers<Scalar> buffers;
  if (training) buffers.winners.resize(batch, n_outputs());
  return buffers;
}

template <class Scalar>
void MaxoutLayer<Scalar>::forward(const Pass&, Index first_row, const Scalar*, const ConstMatrixRef<Scalar>& input,
                                  MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const {
  const bool keep = buffers.winners.size() > 0;
  for (Index i = 0; i < input.rows(); ++i) {
    for (Index unit = 0; unit < n_outputs(); ++unit) {
      Index winner = 0;
      output(i, unit) = input.row(i).segment(unit * n_pieces_, n_pieces_).maxCoeff(&winner);
      if (keep) buffers.winners(first_row + i, unit) = static_cast<std::int32_t>(winner);
    }
  }
}

template <class Scalar>
void MaxoutLayer<Scalar>::reverse(const Pass&, Index first_row, const Scalar*, const ConstMatrixRef<Scalar>&,
                                  const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                                  LayerBuffers<Scalar>& buffers) const {
  if (d_input == nullptr) return;
  d_input->setZero();
  for (Index i = 0; i < d_output.rows(); ++i) {
    for (Index unit = 0; unit < n_outputs(); ++unit) {
      (*d_input)(i, unit * n_pieces_ + buffers.winners(first_row + i, unit)) = d_output(i, unit);
    }
  }
}

template void activate<float>(Activation, MatrixRef<float>);
template void activate<double>(Activation, MatrixRef<double>);
template void activate_reverse<float>(Activation, const ConstMatrixRef<float>&, MatrixRef<float>);
template void activate_reverse<double>(Activation, const ConstMatrixRef<double>&, MatrixRef<double>);
template class ActivationLayer<float>;
template class ActivationLayer<double>;
template class MaxoutLayer<float>;
template class MaxoutLayer<double>;

}  // namespace ppdl
