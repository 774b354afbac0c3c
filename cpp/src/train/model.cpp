#include <ppdl/train/model.hpp>

#include <ppdl/base/parallel.hpp>

namespace ppdl {

template <class Scalar>
double Model<Scalar>::finish(const Scalar*, const Sums& sums, Index first, Index count, Scalar* gradient) const {
  Eigen::Map<Vector<Scalar>>(gradient + first, count) *= static_cast<Scalar>(1.0 / sums.weight);
  return 0.0;
}

template <class Scalar>
std::vector<ColumnNorm> weight_blocks_of(const PredictedWeights<Scalar>& weights, Index offset) {
  std::vector<ColumnNorm> blocks;
  blocks.reserve(static_cast<std::size_t>(weights.n_columns()));
  for (Index j = 0; j < weights.n_columns(); ++j) {
    blocks.push_back({offset + weights.offset(j), weights.n_atoms(j), weights.n_hidden(j)});
  }
  return blocks;
}

template <class Scalar>
double finish_in_parts(const Model<Scalar>& model, const Scalar* theta, const Sums& sums, Scalar* gradient,
                       int n_threads, const std::function<void(Index first, Index count)>& use) {
  double value = (sums.loss + model.penalise(theta, gradient)) / sums.weight;
  const Blocks parts(model.n_parameters(), kOptimizerPart);
  Vector<double> penalties(parts.count());
  parallel_for(parts.count(), n_threads, [&](Index part) {
    const Index first = parts.begin(part), count = parts.length(part);
    penalties[part] = model.finish(theta, sums, first, count, gradient);
    if (use) use(first, count);
  });
  for (const double penalty : penalties) value += penalty;
  return value;
}

template class Model<float>;
template class Model<double>;
template std::vector<ColumnNorm> weight_blocks_of(const PredictedWeights<float>&, Index);
template std::vector<ColumnNorm> weight_blocks_of(const PredictedWeights<double>&, Index);
template double finish_in_parts(const Model<float>&, const float*, const Sums&, float*, int,
                                const std::function<void(Index, Index)>&);
template double finish_in_parts(const Model<double>&, const double*, const Sums&, double*, int,
                                const std::function<void(Index, Index)>&);

}  // namespace ppdl
