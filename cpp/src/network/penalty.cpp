#include <ppdl/network/penalty.hpp>

#include <ppdl/base/product.hpp>
#include <ppdl/weights/channels.hpp>

#include <algorithm>
#include <utility>

namespace ppdl {

template <class Scalar>
Penalty<Scalar>::Penalty(double alpha, bool predicted, std::vector<WeightBlock<Scalar>> blocks)
    : alpha_(alpha), blocks_(std::move(blocks)) {
  for (const WeightBlock<Scalar>& block : blocks_) {
    const PredictedWeights<Scalar>& w = *block.weights;
    std::vector<Matrix<Scalar>>& grams = grams_.emplace_back();
    if (!predicted || w.selects() || alpha == 0.0) continue;  // of atoms that are inputs UᵀU is the identity
    for (Index j = 0; j < w.n_columns(); ++j) {
      const ConstMatrixRef<Scalar> S = w.point_dictionary(j);
      multiply_transposed<Scalar>(S, S, grams.emplace_back(S.cols(), S.cols()));
    }
  }
}

template <class Scalar>
double Penalty<Scalar>::penalise(const Scalar* theta, Scalar* gradient) const {
  double penalty = 0.0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const auto& [offset, weights] = blocks_[b];
    for (std::size_t j = 0; j < grams_[b].size(); ++j) {
      const auto V = weights->v(theta + offset, static_cast<Index>(j));
      Matrix<Scalar> GV(V.rows(), V.cols());
      multiply_in_channels<Scalar>(grams_[b][j], weights->n_channels(), V, GV);
      penalty += 0.5 * alpha_ * static_cast<double>(V.cwiseProduct(GV).sum());
      weights->v(gradient + offset, static_cast<Index>(j)) += static_cast<Scalar>(alpha_) * GV;
    }
  }
  return penalty;
}

template <class Scalar>
double Penalty<Scalar>::finish(const Scalar* theta, const Sums& sums, Index first, Index count,
                               Scalar* gradient) const {
  const Scalar mean = static_cast<Scalar>(1.0 / sums.weight), decay = static_cast<Scalar>(alpha_ / sums.weight);
  double squares = 0.0;
  Index next = first;  // the first number that isn't finished
  const auto take_mean_until = [&](Index end) {
    if (end > next) Eigen::Map<Vector<Scalar>>(gradient + next, end - next) *= mean;
    next = std::max(next, end);
  };
  for (std::size_t b = 0; b < blocks_.size() && alpha_ > 0.0; ++b) {
    const Index begin = std::max(blocks_[b].offset, first);
    const Index end = std::min(blocks_[b].offset + blocks_[b].weights->n_dynamic(), first + count);
    if (begin >= end || !grams_[b].empty()) continue;
    take_mean_until(begin);
    const Eigen::Map<const Vector<Scalar>> V(theta + begin, end - begin);
    Eigen::Map<Vector<Scalar>> g(gradient + begin, end - begin);
    g = mean * g + decay * V;
    squares += static_cast<double>(V.squaredNorm());
    next = end;
  }
  take_mean_until(first + count);
  return 0.5 * alpha_ / sums.weight * squares;
}

template class Penalty<float>;
template class Penalty<double>;

}  // namespace ppdl
