#include <ppdl/layer/dense.hpp>

#include <utility>

namespace ppdl {

template <class Scalar>
DenseLayer<Scalar>::DenseLayer(Product<Scalar> product, bool bias) : product_(std::move(product)), bias_(bias) {}

template <class Scalar>
Index DenseLayer<Scalar>::n_parameters() const {
  return product_.weights().n_dynamic() + (bias_ ? n_outputs() : 0);
}

template <class Scalar>
double DenseLayer<Scalar>::multiply_adds(Index batch) const {
  return ppdl::multiply_adds(product_.weights(), product_.order(),
                             {.batch = batch, .pooled_once = product_.pooled_once()});
}

template <class Scalar>
LayerBuffers<Scalar> DenseLayer<Scalar>::buffers(Index batch, bool training, bool reverse_input) const {
  return {.product = product_.buffers(batch, training, reverse_input), .winners = {}};
}

template <class Scalar>
void DenseLayer<Scalar>::prepare(Index task, const Scalar* theta, LayerBuffers<Scalar>& buffers) const {
  product_.prepare(task, theta, buffers.product);
}

template <class Scalar>
void DenseLayer<Scalar>::forward(const Pass&, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
                                 MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const {
  product_.forward(first_row, input, theta, output, buffers.product);
  if (bias_) {
    output.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + product_.weights().n_dynamic(), n_outputs());
  }
}

template <class Scalar>
void DenseLayer<Scalar>::reverse(const Pass&, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>&,
                                 const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                                 LayerBuffers<Scalar>& buffers) const {
  product_.reverse(first_row, d_output, theta, d_input, buffers.product);
}

template <class Scalar>
double DenseLayer<Scalar>::gradient(Index task, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
                                    const ConstMatrixRef<Scalar>& d_output, const Decay<Scalar>& decay, Scalar* d_theta,
                                    LayerBuffers<Scalar>& buffers) const {
  if (task < product_.n_gradient_tasks()) {
    return product_.gradient(task, input, d_output, theta, d_theta, decay, buffers.product);
  }
  Eigen::Map<RowVector<Scalar>>(d_theta + product_.weights().n_dynamic(), n_outputs()) = d_output.colwise().sum();
  return 0.0;  // biases don't decay
}

template <class Scalar>
double DenseLayer<Scalar>::finish(Index task, const Scalar* theta, const Decay<Scalar>& decay, Scalar* d_theta,
                                  LayerBuffers<Scalar>& buffers) const {
  return product_.finish(task, theta, d_theta, decay, buffers.product);
}

template class DenseLayer<float>;
template class DenseLayer<double>;

}  // namespace ppdl
