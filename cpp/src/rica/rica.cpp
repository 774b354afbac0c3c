#include <ppdl/rica/rica.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/dictionary/kernel.hpp>

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

/// The blocks of samples whose gradients are summed apart; their number depends on the problem alone.
Blocks sample_groups(Index n_samples, Index n_coefficients) {
  const Index most = std::clamp<Index>(kMostGroupNumbers / std::max<Index>(n_coefficients, 1), 1, kMostGroups);
  return {n_samples, std::max(kGroupSamples, (n_samples + most - 1) / most)};
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
  throw_invalid("contrast: received '", name, "'; expected smooth-l1, logcosh or exp");
}

void RicaOptions::validate() const {
  check(contrast_epsilon > 0.0 && std::isfinite(contrast_epsilon), "contrast_epsilon: received ", contrast_epsilon,
        "; expected a finite number above 0");
  check(sparsity >= 0.0 && std::isfinite(sparsity), "sparsity: received ", sparsity,
        "; expected a finite number, at least 0");
  check(norm_epsilon > 0.0 && std::isfinite(norm_epsilon), "norm_epsilon: received ", norm_epsilon,
        "; expected a finite number above 0");
}

/// What follows from some samples alone.
template <class Scalar>
struct Rica<Scalar>::Look {
  ConstMatrixRef<Scalar> X;
  Matrix<Scalar> pooled;  ///< XU, or empty
  Matrix<double> moment;  ///< C, (n_visible, n_visible)
  std::vector<Tile> tiles;

  [[nodiscard]] bool pools() const { return pooled.size() > 0; }
  [[nodiscard]] ConstMatrixRef<Scalar> inputs() const { return pools() ? ConstMatrixRef<Scalar>(pooled) : X; }
};

/// What one evaluation makes on its way, kept from one to the next: all is of the size of W and V.
template <class Scalar>
struct Rica<Scalar>::State final : Workspace {
  std::optional<Look> whole;               ///< of the data set, where steps take all of it
  Matrix<Scalar> batch;                    ///< (rows, n_visible)  gathered, for mini-batches
  Matrix<Scalar> W;                        ///< W̃, (n_visible, n_components)
  RowVector<Scalar> scale;                 ///< 1 / √(‖w_i‖² + ε)
  Vector<Scalar> coefficients;             ///< Ṽ where the data is pooled, else W̃: what the samples meet
  Matrix<Scalar> group_gradients;          ///< of the contrast, by the coefficients; those of a group in a row
  Vector<Scalar> contrast_gradient;        ///< their sum
  Matrix<Scalar> reconstruction_gradient;  ///< of the mean reconstruction error, by W̃
  RicaTerms terms;                         ///< the contrast summed over samples, the mean reconstruction error
};

template <class Scalar>
Rica<Scalar>::Rica(std::shared_ptr<const PredictedWeights<Scalar>> weights, const RicaOptions& options,
                   const Vector<Scalar>& signs)
    : weights_(std::move(weights)), options_(options) {
  const PredictedWeights<Scalar>& w = *weights_;
  options_.validate();
  if (signs.size() > 0) check_size("signs", signs.size(), w.n_hidden(), "components");
  const Scalar sparsity = static_cast<Scalar>(options_.sparsity);
  contrast_weights_ =
      signs.size() > 0 ? Vector<Scalar>(sparsity * signs) : Vector<Scalar>::Constant(w.n_hidden(), sparsity);
  if (!w.is_identity() && !w.learned()) pooling_.emplace(weights_, Plan{Order::pool, true}, false);
}

template <class Scalar>
bool Rica<Scalar>::pools(Index n_samples) const {
  const double bytes = static_cast<double>(n_samples) * static_cast<double>(weights_->n_atoms()) * sizeof(Scalar);
  return pooling_ && bytes <= options_.memory_limit;
}

template <class Scalar>
double Rica<Scalar>::multiply_adds(Index batch) const {
  const double n = static_cast<double>(weights_->n_visible()), k = static_cast<double>(weights_->n_hidden());
  return 2.0 * static_cast<double>(batch) * static_cast<double>(n_parameters()) + n * n * (n + 2.0 * k);
}

template <class Scalar>
void Rica<Scalar>::check_samples(const Samples<Scalar>& samples) const {
  check(samples.inputs.rows() > 0, "X has no rows");
  check_size("columns of X", samples.inputs.cols(), weights_->n_visible(), "n_visible");
  check(samples.targets == nullptr && samples.labels == nullptr, "targets: received some; RICA's are its inputs");
  check(samples.weights == nullptr, "sample_weight: RICA takes none");
}

template <class Scalar>
std::vector<ColumnNorm> Rica<Scalar>::weight_blocks() const {
  return weight_blocks_of(*weights_);
}

template <class Scalar>
std::unique_ptr<Workspace> Rica<Scalar>::workspace(const Samples<Scalar>& samples, Index batch, int n_threads) const {
  auto state = std::make_unique<State>();
  const Index n = samples.inputs.rows();
  if (batch >= n) state->whole.emplace(look(samples.inputs, pools(n), n_threads));
  return state;
}

template <class Scalar>
typename Rica<Scalar>::Look Rica<Scalar>::look(const ConstMatrixRef<Scalar>& X, bool pools, int n_threads) const {
  return {.X = X,
          .pooled = pools ? pooling_->pool(X, n_threads) : Matrix<Scalar>(),
          .moment = covariance<Scalar>(X, {.center = false, .n_threads = n_threads}),
          .tiles = tiles(pools)};
}

template <class Scalar>
std::vector<typename Rica<Scalar>::Tile> Rica<Scalar>::tiles(bool pooled) const {
  const PredictedWeights<Scalar>& w = *weights_;
  std::vector<Tile> tiles;
  for (Index j = 0; j < w.n_columns(); ++j) {
    const Blocks blocks(w.n_hidden(j), kTileUnits);
    for (Index b = 0; b < blocks.count(); ++b) {
      const Index unit = w.first_hidden(j) + blocks.begin(b), n_units = blocks.length(b);
      if (pooled) {
        tiles.push_back({w.first_atom(j), w.n_atoms(j), unit, n_units, w.offset(j) + blocks.begin(b), w.n_hidden(j)});
      } else {
        tiles.push_back({0, w.n_visible(), unit, n_units, unit, w.n_hidden()});
      }
    }
  }
  return tiles;
}

template <class Scalar>
Sums Rica<Scalar>::sums(const Scalar* V, const Samples<Scalar>& samples, const Rows& rows, const Pass&, int n_threads,
                        Workspace& workspace, Scalar* gradient) const {
  State& state = static_cast<State&>(workspace);
  const double n = static_cast<double>(rows.count);
  std::optional<Look> of_batch;
  if (!state.whole || rows.indices != nullptr || rows.count != samples.inputs.rows()) {
    const PredictedWeights<Scalar>& w = *weights_;
    state.batch.resize(rows.count, samples.inputs.cols());
    for (Index i = 0; i < rows.count; ++i) state.batch.row(i) = samples.inputs.row(rows[i]);
    // XU and two products with V, against two with W
    const double pooled = static_cast<double>(w.n_visible() * w.n_atoms() + 2 * w.n_dynamic());
    const bool pays = pooled < 2.0 * static_cast<double>(w.n_visible() * w.n_hidden());
    of_batch.emplace(look(state.batch.topRows(rows.count), pays && pools(rows.count), n_threads));
  }
  const Look& look = of_batch ? *of_batch : *state.whole;
  evaluate(V, look, n_threads, state);
  state.reconstruction_gradient *= static_cast<Scalar>(n);
  assemble(V, look, state, gradient);
  return {state.terms.contrast + n * state.terms.reconstruction, n};
}

template <class Scalar>
RicaTerms Rica<Scalar>::terms(const ConstVectorRef<Scalar>& V, const ConstMatrixRef<Scalar>& X, int n_threads) const {
  check_size("size of V", V.size(), n_parameters(), "the dynamic parameters of these weights");
  check_samples({.inputs = X});
  State state;
  evaluate(V.data(), look(X, pools(X.rows()), n_threads), n_threads, state);
  return {state.terms.contrast / static_cast<double>(X.rows()), state.terms.reconstruction};
}

template <class Scalar>
Matrix<Scalar> Rica<Scalar>::normalised_weights(const ConstVectorRef<Scalar>& V) const {
  check_size("size of V", V.size(), n_parameters(), "the dynamic parameters of these weights");
  State state;
  predict(V.data(), false, state);
  return std::move(state.W);
}

template <class Scalar>
void Rica<Scalar>::evaluate(const Scalar* V, const Look& look, int n_threads, State& state) const {
  predict(V, look.pools(), state);
  add_contrast(look, n_threads, state);
  add_reconstruction(look, n_threads, state);
}

/// W̃, and the coefficients that the samples meet.
template <class Scalar>
void Rica<Scalar>::predict(const Scalar* V, bool pooled, State& state) const {
  const PredictedWeights<Scalar>& w = *weights_;
  state.W = w.materialise(Eigen::Map<const Vector<Scalar>>(V, n_parameters()));
  const Scalar epsilon = static_cast<Scalar>(options_.norm_epsilon);
  state.scale = (state.W.colwise().squaredNorm().array() + epsilon).rsqrt();
  state.W.array().rowwise() *= state.scale.array();
  if (!pooled) {
    state.coefficients = Eigen::Map<const Vector<Scalar>>(state.W.data(), state.W.size());
    return;
  }
  state.coefficients.resize(n_parameters());
  for (Index j = 0; j < w.n_columns(); ++j) {
    w.v(state.coefficients.data(), j).array() =
        w.v(V, j).array().rowwise() * state.scale.segment(w.first_hidden(j), w.n_hidden(j)).array();
  }
}

/// Σ over samples of the contrast, and its gradient by the coefficients.
template <class Scalar>
void Rica<Scalar>::add_contrast(const Look& look, int n_threads, State& state) const {
  const ConstMatrixRef<Scalar> inputs = look.inputs();
  const Index n_coefficients = state.coefficients.size();
  const Blocks groups = sample_groups(inputs.rows(), n_coefficients);
  const Index n_tiles = static_cast<Index>(look.tiles.size());
  std::vector<Panels<Scalar>> panels(at(n_tiles));
  parallel_for(n_tiles, threads_for(static_cast<double>(n_coefficients), n_threads), [&](Index t) {
    const Tile& tile = look.tiles[at(t)];
    panels[at(t)] = Panels<Scalar>(ConstStridedMap<Scalar>(state.coefficients.data() + tile.offset, tile.n_inputs,
                                                           tile.n_units, Eigen::OuterStride<>(tile.stride)));
  });
  state.group_gradients.resize(groups.count(), n_coefficients);
  Matrix<double> sums(groups.count(), n_tiles);
  parallel_for(groups.count() * n_tiles, n_threads, [&](Index task) {
    const Index group = task / n_tiles, t = task % n_tiles;
    const Tile& tile = look.tiles[at(t)];
    Scalar* gradient = state.group_gradients.row(group).data() + tile.offset;
    StridedMap<Scalar>(gradient, tile.n_inputs, tile.n_units, Eigen::OuterStride<>(tile.stride)).setZero();
    const Blocks blocks(groups.length(group), kBlockSamples);
    Vector<Scalar> Z(kBlockSamples * tile.n_units);
    double sum = 0.0;
    for (Index b = 0; b < blocks.count(); ++b) {
      const auto P =
          inputs.block(groups.begin(group) + blocks.begin(b), tile.first_input, blocks.length(b), tile.n_inputs);
      sum += contrast_of_block(P, tile, panels[at(t)], Z.data(), gradient);
    }
    sums(group, t) = sum;
  });
  state.contrast_gradient.resize(n_coefficients);
  const Blocks parts(n_coefficients, Index{1} << 16);
  parallel_for(parts.count(), threads_for(static_cast<double>(state.group_gradients.size()), n_threads),
               [&](Index part) {
                 auto sum = state.contrast_gradient.segment(parts.begin(part), parts.length(part));
                 sum = state.group_gradients.row(0).segment(parts.begin(part), parts.length(part));
                 for (Index group = 1; group < groups.count(); ++group) {
                   sum += state.group_gradients.row(group).segment(parts.begin(part), parts.length(part));
                 }
               });
  state.terms.contrast = sums.sum();
}

/// Z = PṼ for some samples and units, its contrast, and the gradient by Ṽ, which is added to.
template <class Scalar>
double Rica<Scalar>::contrast_of_block(const ConstMatrixRef<Scalar>& P, const Tile& tile,
                                       const Panels<Scalar>& coefficients, Scalar* Z, Scalar* gradient) const {
  MatrixMap<Scalar> z(Z, P.rows(), tile.n_units);
  multiply<Scalar>(P, coefficients, z);
  const auto weights = contrast_weights_.segment(tile.first_unit, tile.n_units).transpose().array();
  const Scalar epsilon = static_cast<Scalar>(options_.contrast_epsilon);
  RowArray<Scalar> scratch(tile.n_units);
  double sum = 0.0;
  for (Index i = 0; i < z.rows(); ++i) {
    sum += replace_by_slope(options_.contrast, epsilon, weights, z.row(i).array(), scratch);
  }
  multiply_transposed<Scalar>(
      P, z, StridedMap<Scalar>(gradient, tile.n_inputs, tile.n_units, Eigen::OuterStride<>(tile.stride)), Into::add);
  return sum;
}

/// ½ tr(BCB) with B = W̃W̃ᵀ − I, and its gradient (BC + CB)W̃. In double: many components make B large in all directions
/// alike, and what the search can gain is small beside it.
template <class Scalar>
void Rica<Scalar>::add_reconstruction(const Look& look, int n_threads, State& state) const {
  const Index n = weights_->n_visible();
  const Matrix<double> W = state.W.template cast<double>();
  const Blocks rows(n, kTaskRows);
  Matrix<double> B(n, n), CB(n, n);
  Vector<double> sums(rows.count());
  const double size = static_cast<double>(n);
  const int threads = threads_for(size * size * (size + 2.0 * static_cast<double>(W.cols())), n_threads);
  Panels<double> Wt(W.cols(), n);
  Wt.pack_transposed(0, W);
  parallel_for(rows.count(), threads, [&](Index block) {
    auto part = B.middleRows(rows.begin(block), rows.length(block));
    multiply<double>(W.middleRows(rows.begin(block), rows.length(block)), Wt, part);
    for (Index i = 0; i < part.rows(); ++i) part(i, rows.begin(block) + i) -= 1.0;
  });
  const Panels<double> packed_B(B);
  parallel_for(rows.count(), threads, [&](Index block) {
    auto part = CB.middleRows(rows.begin(block), rows.length(block));
    multiply<double>(look.moment.middleRows(rows.begin(block), rows.length(block)), packed_B, part);
    sums[block] = part.cwiseProduct(B.middleRows(rows.begin(block), rows.length(block))).sum();
  });
  state.reconstruction_gradient.resize(n, W.cols());
  const Panels<double> packed_W(W);
  parallel_for(rows.count(), threads, [&](Index block) {
    const Matrix<double> S = CB.middleRows(rows.begin(block), rows.length(block)) +
                             CB.middleCols(rows.begin(block), rows.length(block)).transpose();
    Matrix<double> gradient(S.rows(), W.cols());
    multiply<double>(S, packed_W, gradient);
    state.reconstruction_gradient.middleRows(rows.begin(block), rows.length(block)) = gradient.template cast<Scalar>();
  });
  state.terms.reconstruction = 0.5 * sums.sum();
}

/// The gradient by V, through the norms: dv = s (F + Uᵀ(E − (ṽᵀF + w̃ᵀE) w̃)) with the scale s, the gradients E by w̃ and F
/// by ṽ. Where the data is not pooled, F is by w̃ and stands with E.
template <class Scalar>
void Rica<Scalar>::assemble(const Scalar* V, const Look& look, State& state, Scalar* gradient) const {
  const PredictedWeights<Scalar>& w = *weights_;
  Matrix<Scalar>& E = state.reconstruction_gradient;
  const Scalar* F = state.contrast_gradient.data();
  if (!look.pools()) E += ConstMatrixMap<Scalar>(F, E.rows(), E.cols());
  RowVector<Scalar> along = state.W.cwiseProduct(E).colwise().sum();
  if (look.pools()) {
    for (Index j = 0; j < w.n_columns(); ++j) {
      along.segment(w.first_hidden(j), w.n_hidden(j)) +=
          w.v(F, j).cwiseProduct(w.v(state.coefficients.data(), j)).colwise().sum();
    }
  }
  E.array() -= state.W.array().rowwise() * along.array();
  E.array().rowwise() *= state.scale.array();
  Eigen::Map<Vector<Scalar>>(gradient, n_parameters()) =
      w.project(E, Eigen::Map<const Vector<Scalar>>(V, n_parameters()));
  if (!look.pools()) return;
  for (Index j = 0; j < w.n_columns(); ++j) {
    w.v(gradient, j).array() +=
        w.v(F, j).array().rowwise() * state.scale.segment(w.first_hidden(j), w.n_hidden(j)).array();
  }
}

template class Rica<float>;
template class Rica<double>;

}  // namespace ppdl
