#include <ppdl/network/predictor.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <utility>

namespace ppdl {

template <class Scalar>
Predictor<Scalar>::Predictor(std::shared_ptr<const Chain<Scalar>> chain, Index n_inputs, Loss loss, const Scalar* theta)
    : chain_(std::move(chain)), n_inputs_(n_inputs), loss_(loss) {
  for (Index i = 0; i < chain_->size(); ++i) {
    const Layer<Scalar>& layer = chain_->layer(i);
    if (!layer.weights().empty()) ends_.push_back(layers_.size());
    if (auto made = layer.inference(theta + chain_->offset(i))) layers_.push_back(std::move(made));
  }
  ends_.push_back(layers_.size());
}

template <class Scalar>
Matrix<Scalar> Predictor<Scalar>::predict(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  Matrix<Scalar> outputs = activations(X, static_cast<Index>(ends_.size()) - 1, n_threads);
  apply_link<Scalar>(loss_, outputs);
  return outputs;
}

template <class Scalar>
Matrix<Scalar> Predictor<Scalar>::activations(const ConstMatrixRef<Scalar>& X, Index n, int n_threads) const {
  check_size("columns of X", X.cols(), n_inputs_, "the network's inputs");
  check(n >= 0 && n < static_cast<Index>(ends_.size()), "layer of weights: received ", n, "; expected 0 to ",
        ends_.size() - 1);
  const std::size_t end = ends_[static_cast<std::size_t>(n)];
  if (end == 0) return X;
  std::size_t last = end - 1;  // the last layer that writes a matrix of its own
  while (last > 0 && layers_[last]->in_place()) --last;
  Matrix<Scalar> outputs(X.rows(), layers_[last]->n_outputs());
  const Blocks blocks(X.rows(), chain_->block_rows());
  const double work = chain_->multiply_adds(1) / 3.0 * static_cast<double>(X.rows());
  parallel_for(blocks.count(), threads_for(work, n_threads), [&](Index block) {
    const Index first = blocks.begin(block), count = blocks.length(block);
    Matrix<Scalar> present, next;
    for (std::size_t i = 0; i < end; ++i) {
      const ConstMatrixRef<Scalar> input =
          i == 0 ? ConstMatrixRef<Scalar>(X.middleRows(first, count)) : ConstMatrixRef<Scalar>(present);
      if (i >= last) {
        const MatrixRef<Scalar> output = outputs.middleRows(first, count);
        layers_[i]->forward(i == last ? input : ConstMatrixRef<Scalar>(output), output);
      } else if (i > 0 && layers_[i]->in_place()) {
        layers_[i]->forward(present, present);
      } else {
        next.resize(count, layers_[i]->n_outputs());
        layers_[i]->forward(input, next);
        present.swap(next);
      }
    }
  });
  return outputs;
}

template class Predictor<float>;
template class Predictor<double>;

}  // namespace ppdl
