#include <ppdl/model/rica.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ppdl {
namespace {

// A block of Z, samples × units, stays in a core's own cache.
constexpr Index kBlockSamples = 256;
constexpr Index kTileUnits = 400;
// Samples are cut into groups, each with a gradient of its own: enough of them to share out, within bounded memory.
constexpr Index kGroupSamples = 2048;
constexpr Index kMostGroups = 16;
constexpr Index kMostGroupNumbers = Index{1} << 26;
// Rows of an (n_visible, …) matrix that one task makes.
constexpr Index kTaskRows = 64;
// Multiply-adds between two calls of `poll`.
constexpr double kPollWork = 2e10;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The blocks of samples whose gradients are summed apart; their number depends on the problem alone.
Blocks sample_groups(Index n_samples, Index n_coefficients) {
  const Index most = std::clamp<Index>(kMostGroupNumbers / std::max<Index>(n_coefficients, 1), 1, kMostGroups);
  return {n_samples, std::max(kGroupSamples, (n_samples + most - 1) / most)};
}

/// Mean over `X`'s rows of xxᵀ.
template <class Scalar>
Matrix<double> second_moment(const ConstMatrixRef<Scalar>& X, int n_threads) {
  const Blocks groups = sample_groups(X.rows(), X.cols() * X.cols());
  std::vector<Matrix<double>> sums(at(groups.count()));
  parallel_for(groups.count(), n_threads, [&](Index group) {
    Matrix<double>& sum = sums[at(group)];
    sum.setZero(X.cols(), X.cols());
    const Blocks blocks(groups.length(group), kBlockSamples);
    for (Index b = 0; b < blocks.count(); ++b) {
      const Matrix<double> x =
          X.middleRows(groups.begin(group) + blocks.begin(b), blocks.length(b)).template cast<double>();
      sum.noalias() += x.transpose() * x;
    }
  });
  for (std::size_t group = 1; group < sums.size(); ++group) sums[0] += sums[group];
  return sums[0] / static_cast<double>(X.rows());
}

template <class Scalar>
using RowArray = Eigen::Array<Scalar, 1, Eigen::Dynamic>;

/// Replaces z by w g'(z), unit by unit, and returns Σ w g(z); `t` is scratch of the same size.
template <class Scalar, class Row, class Weights>
double replace_by_slope(Contrast contrast, Scalar epsilon, const Weights& w, Row z, RowArray<Scalar>& t) {
  Scalar sum = 0;
  switch (contrast) {
    case Contrast::smooth_l1:
      t = (z.square() + epsilon).rsqrt();
      sum = (w * (z.square() + epsilon) * t).sum();
      z *= w * t;
      break;
    case Contrast::logcosh: {
      const Scalar log_2 = static_cast<Scalar>(std::log(2.0));
      t = (Scalar(-2) * z.abs()).exp();  // log cosh z = |z| + log((1 + t)/2), without overflow
      sum = (w * (z.abs() + t.log1p() - log_2)).sum();
      z = w * z.sign() * (Scalar(1) - t) / (Scalar(1) + t);
      break;
    }
    case Contrast::exponential:
      t = (Scalar(-0.5) * z.square()).exp();
      sum = -(w * t).sum();
      z *= w * t;
      break;
  }
  return static_cast<double>(sum);
}

/// Views numbers at `data` as a matrix whose rows are `stride` apart.
template <class Scalar>
using StridedMap = Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstStridedMap = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;

}  // namespace

Contrast contrast_from_string(std::string_view name) {
  if (name == "smooth-l1") return Contrast::smooth_l1;
  if (name == "logcosh") return Contrast::logcosh;
  if (name == "exp") return Contrast::exponential;
  throw_invalid("unknown contrast '", name, "'; known are smooth-l1, logcosh, exp");
}

void RicaOptions::validate() const {
  check(contrast_epsilon > 0.0 && std::isfinite(contrast_epsilon), "contrast_epsilon: received ", contrast_epsilon,
        "; expected a finite number above 0");
  check(sparsity >= 0.0 && std::isfinite(sparsity), "sparsity: received ", sparsity,
        "; expected a finite number, at least 0");
  check(norm_epsilon > 0.0 && std::isfinite(norm_epsilon), "norm_epsilon: received ", norm_epsilon,
        "; expected a finite number above 0");
}

/// What one evaluation makes on its way; allocated anew each time, of the size of W and V.
template <class Scalar>
struct RicaObjective<Scalar>::State {
  typename Product<Scalar>::Buffers buffers;  ///< W and dW of the product
  Matrix<Scalar> W;                           ///< W̃, (n_visible, n_components)
  RowVector<Scalar> scale;                    ///< 1 / √(‖w_i‖² + ε)
  Vector<Scalar> coefficients;                ///< Ṽ where the data is pooled, else W̃: what the samples meet
  Vector<Scalar> contrast_gradient;           ///< of the contrast, by the coefficients
  Matrix<Scalar> reconstruction_gradient;     ///< of the reconstruction error, by W̃
  RicaTerms terms;
};

template <class Scalar>
RicaObjective<Scalar>::RicaObjective(std::shared_ptr<const PredictedWeights<Scalar>> weights,
                                     const ConstMatrixRef<Scalar>& X, const RicaOptions& options,
                                     const Vector<Scalar>& signs, int n_threads)
    : weights_(std::move(weights)), X_(X), options_(options) {
  const PredictedWeights<Scalar>& w = *weights_;
  options_.validate();
  check(X.rows() > 0, "X has no rows");
  check_size("columns of X", X.cols(), w.n_visible(), "n_visible");
  if (signs.size() > 0) check_size("signs", signs.size(), w.n_hidden(), "components");
  const Scalar scale = static_cast<Scalar>(options_.sparsity / static_cast<double>(X.rows()));
  contrast_weights_ = signs.size() > 0 ? Vector<Scalar>(scale * signs) : Vector<Scalar>::Constant(w.n_hidden(), scale);
  if (!w.is_identity()) product_.emplace(weights_, Order::predict);
  const double bytes = static_cast<double>(X.rows()) * static_cast<double>(w.n_atoms()) * sizeof(Scalar);
  if (!w.is_identity() && !w.learned() && bytes <= options_.memory_limit) {
    pooled_ = Product<Scalar>(weights_, Order::pool, true).pool(X, n_threads);
  }
  moment_ = second_moment(X_, n_threads);
  for (Index j = 0; j < w.n_columns(); ++j) {
    const Blocks blocks(w.n_hidden(j), kTileUnits);
    for (Index b = 0; b < blocks.count(); ++b) {
      const Index unit = w.first_hidden(j) + blocks.begin(b);
      if (pools_input()) {
        tiles_.push_back(
            {w.first_atom(j), w.n_atoms(j), unit, blocks.length(b), w.offset_v(j) + blocks.begin(b), w.n_hidden(j)});
      } else {
        tiles_.push_back({0, w.n_visible(), unit, blocks.length(b), unit, w.n_hidden()});
      }
    }
  }
}

template <class Scalar>
double RicaObjective<Scalar>::value_and_gradient(const ConstVectorRef<Scalar>& V, VectorRef<Scalar> gradient,
                                                 int n_threads, const std::function<void()>& poll) const {
  check_size("size of V", V.size(), n_parameters(), "the dynamic parameters of these weights");
  check_size("size of the gradient", gradient.size(), n_parameters(), "the dynamic parameters of these weights");
  State state = evaluate(V.data(), n_threads, poll);
  assemble(V.data(), state, gradient.data(), n_threads);
  return state.terms.contrast + state.terms.reconstruction;
}

template <class Scalar>
RicaTerms RicaObjective<Scalar>::terms(const ConstVectorRef<Scalar>& V, int n_threads,
                                       const std::function<void()>& poll) const {
  check_size("size of V", V.size(), n_parameters(), "the dynamic parameters of these weights");
  return evaluate(V.data(), n_threads, poll).terms;
}

template <class Scalar>
Matrix<Scalar> RicaObjective<Scalar>::normalised_weights(const ConstVectorRef<Scalar>& V, int n_threads) const {
  check_size("size of V", V.size(), n_parameters(), "the dynamic parameters of these weights");
  State state;
  predict(V.data(), state, n_threads);
  return std::move(state.W);
}

template <class Scalar>
typename RicaObjective<Scalar>::State RicaObjective<Scalar>::evaluate(const Scalar* V, int n_threads,
                                                                      const std::function<void()>& poll) const {
  State state;
  predict(V, state, n_threads);
  add_contrast(state, n_threads, poll);
  add_reconstruction(state, n_threads);
  return state;
}

/// W̃, and the coefficients that the samples meet.
template <class Scalar>
void RicaObjective<Scalar>::predict(const Scalar* V, State& state, int n_threads) const {
  const PredictedWeights<Scalar>& w = *weights_;
  if (product_) {
    state.buffers = product_->buffers(0, true, false);
    parallel_for(product_->n_prepare_tasks(), n_threads,
                 [&](Index task) { product_->prepare(task, V, state.buffers); });
    state.W.swap(state.buffers.W);
  } else {
    state.W = ConstMatrixMap<Scalar>(V, w.n_visible(), w.n_hidden());
  }
  const Scalar epsilon = static_cast<Scalar>(options_.norm_epsilon);
  state.scale = (state.W.colwise().squaredNorm().array() + epsilon).rsqrt();
  state.W.array().rowwise() *= state.scale.array();
  if (!pools_input()) {
    state.coefficients = Eigen::Map<const Vector<Scalar>>(state.W.data(), state.W.size());
    return;
  }
  state.coefficients.resize(n_coefficients());
  for (Index j = 0; j < w.n_columns(); ++j) {
    w.v(state.coefficients.data(), j).array() =
        w.v(V, j).array().rowwise() * state.scale.segment(w.first_hidden(j), w.n_hidden(j)).array();
  }
}

template <class Scalar>
void RicaObjective<Scalar>::add_contrast(State& state, int n_threads, const std::function<void()>& poll) const {
  const Blocks groups = sample_groups(X_.rows(), n_coefficients());
  const Index n_tiles = static_cast<Index>(tiles_.size());
  Matrix<Scalar> gradients(groups.count(), n_coefficients());  // those of a group in a row
  Matrix<double> sums(groups.count(), n_tiles);
  const double work = 2.0 * static_cast<double>(groups.length(0)) * static_cast<double>(n_coefficients());
  const Index groups_at_once = std::max<Index>(1, static_cast<Index>(kPollWork / work));
  for (Index first = 0; first < groups.count(); first += groups_at_once) {
    if (poll) poll();
    const Index count = std::min(groups_at_once, groups.count() - first);
    parallel_for(count * n_tiles, n_threads, [&](Index task) {
      const Index group = first + task / n_tiles;
      const Tile& tile = tiles_[at(task % n_tiles)];
      Scalar* gradient = gradients.row(group).data() + tile.offset;
      StridedMap<Scalar>(gradient, tile.n_inputs, tile.n_units, Eigen::OuterStride<>(tile.stride)).setZero();
      const Blocks blocks(groups.length(group), kBlockSamples);
      Vector<Scalar> Z(kBlockSamples * tile.n_units);
      double sum = 0.0;
      for (Index b = 0; b < blocks.count(); ++b) {
        sum +=
            contrast_of_block(groups.begin(group) + blocks.begin(b), blocks.length(b), tile, state, Z.data(), gradient);
      }
      sums(group, task % n_tiles) = sum;
    });
  }
  state.contrast_gradient.resize(n_coefficients());
  const Blocks parts(n_coefficients(), Index{1} << 16);
  parallel_for(parts.count(), threads_for(static_cast<double>(gradients.size()), n_threads), [&](Index part) {
    auto sum = state.contrast_gradient.segment(parts.begin(part), parts.length(part));
    sum = gradients.row(0).segment(parts.begin(part), parts.length(part));
    for (Index group = 1; group < groups.count(); ++group) {
      sum += gradients.row(group).segment(parts.begin(part), parts.length(part));
    }
  });
  state.terms.contrast = sums.sum();
}

/// Z = PṼ for some samples and units, its contrast, and the gradient by Ṽ, which is added to.
template <class Scalar>
double RicaObjective<Scalar>::contrast_of_block(Index first, Index count, const Tile& tile, const State& state,
                                                Scalar* Z, Scalar* gradient) const {
  const Eigen::OuterStride<> stride(tile.stride);
  const ConstMatrixRef<Scalar> all = inputs();
  const auto P = all.block(first, tile.first_input, count, tile.n_inputs);
  const ConstStridedMap<Scalar> coefficients(state.coefficients.data() + tile.offset, tile.n_inputs, tile.n_units,
                                             stride);
  MatrixMap<Scalar> z(Z, count, tile.n_units);
  z.noalias() = P * coefficients;
  const auto weights = contrast_weights_.segment(tile.first_unit, tile.n_units).transpose().array();
  const Scalar epsilon = static_cast<Scalar>(options_.contrast_epsilon);
  RowArray<Scalar> scratch(tile.n_units);
  double sum = 0.0;
  for (Index i = 0; i < count; ++i) {
    sum += replace_by_slope(options_.contrast, epsilon, weights, z.row(i).array(), scratch);
  }
  StridedMap<Scalar>(gradient, tile.n_inputs, tile.n_units, stride).noalias() += P.transpose() * z;
  return sum;
}

/// ½ tr(BCB) with B = W̃W̃ᵀ − I, and its gradient (BC + CB)W̃. In double: many components make B large in all directions
/// alike, and what the search can gain is small beside it.
template <class Scalar>
void RicaObjective<Scalar>::add_reconstruction(State& state, int n_threads) const {
  const Index n = weights_->n_visible();
  const Matrix<double> W = state.W.template cast<double>();
  const Blocks rows(n, kTaskRows);
  Matrix<double> B(n, n), CB(n, n);
  Vector<double> sums(rows.count());
  const double size = static_cast<double>(n);
  const int threads = threads_for(size * size * (size + 2.0 * static_cast<double>(W.cols())), n_threads);
  parallel_for(rows.count(), threads, [&](Index block) {
    auto part = B.middleRows(rows.begin(block), rows.length(block));
    part.noalias() = W.middleRows(rows.begin(block), rows.length(block)) * W.transpose();
    for (Index i = 0; i < part.rows(); ++i) part(i, rows.begin(block) + i) -= 1.0;
  });
  parallel_for(rows.count(), threads, [&](Index block) {
    auto part = CB.middleRows(rows.begin(block), rows.length(block));
    part.noalias() = moment_.middleRows(rows.begin(block), rows.length(block)) * B;
    sums[block] = part.cwiseProduct(B.middleRows(rows.begin(block), rows.length(block))).sum();
  });
  state.reconstruction_gradient.resize(n, W.cols());
  parallel_for(rows.count(), threads, [&](Index block) {
    const Matrix<double> S = CB.middleRows(rows.begin(block), rows.length(block)) +
                             CB.middleCols(rows.begin(block), rows.length(block)).transpose();
    const Matrix<double> gradient = S * W;
    state.reconstruction_gradient.middleRows(rows.begin(block), rows.length(block)) = gradient.template cast<Scalar>();
  });
  state.terms.reconstruction = 0.5 * sums.sum();
}

/// The gradient by V, through the norms: dv = s (F + Uᵀ(E − (ṽᵀF + w̃ᵀE) w̃)) with the scale s, the gradients E by w̃ and F
/// by ṽ. Where the data is not pooled, F is by w̃ and stands with E.
template <class Scalar>
void RicaObjective<Scalar>::assemble(const Scalar* V, State& state, Scalar* gradient, int n_threads) const {
  const PredictedWeights<Scalar>& w = *weights_;
  Matrix<Scalar>& E = state.reconstruction_gradient;
  const Scalar* F = state.contrast_gradient.data();
  if (!pools_input()) E += ConstMatrixMap<Scalar>(F, E.rows(), E.cols());
  RowVector<Scalar> along = state.W.cwiseProduct(E).colwise().sum();
  if (pools_input()) {
    for (Index j = 0; j < w.n_columns(); ++j) {
      along.segment(w.first_hidden(j), w.n_hidden(j)) +=
          w.v(F, j).cwiseProduct(w.v(state.coefficients.data(), j)).colwise().sum();
    }
  }
  E.array() -= state.W.array().rowwise() * along.array();
  E.array().rowwise() *= state.scale.array();
  if (!product_) {
    MatrixMap<Scalar>(gradient, E.rows(), E.cols()) = E;
    return;
  }
  state.buffers.dW.swap(E);
  parallel_for(product_->n_finish_tasks(), n_threads,
               [&](Index task) { product_->finish(task, V, gradient, {}, state.buffers); });
  if (!pools_input()) return;
  for (Index j = 0; j < w.n_columns(); ++j) {
    w.v(gradient, j).array() +=
        w.v(F, j).array().rowwise() * state.scale.segment(w.first_hidden(j), w.n_hidden(j)).array();
  }
}

template class RicaObjective<float>;
template class RicaObjective<double>;

}  // namespace ppdl
