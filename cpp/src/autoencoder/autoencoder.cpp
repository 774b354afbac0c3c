#include <ppdl/autoencoder/autoencoder.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/weights/channels.hpp>

#include <algorithm>
#include <utility>

namespace ppdl {
namespace {

// As in a network: samples of a task, and those whose activations are held at a time.
constexpr Index kBlockRows = 64;
constexpr Index kGroupRows = 1024;
constexpr Index kTaskRows = 128;

/// The encoder pools, where the atoms are not inputs: the decoder needs U, not the base.
template <class Scalar>
Plan encoder_plan(const PredictedWeights<Scalar>& weights, const DataSet& data) {
  check(!weights.learned(), "dictionary: an autoencoder's must be static; received a learned one (LowRank)");
  if (weights.selects()) return {Order::shared, false};
  const double bytes = static_cast<double>(data.n_samples) * static_cast<double>(weights.n_atoms()) * sizeof(Scalar);
  return {Order::pool, data.n_samples > 0 && bytes <= data.memory_limit};
}

}  // namespace

template <class Scalar>
struct Autoencoder<Scalar>::Buffers final : Workspace {
  typename Evaluation<Scalar>::Scratch encoder;
  Matrix<Scalar> pooled;  ///< (n, n_atoms)         XU of the whole data set, or empty
  Matrix<Scalar> inputs;  ///< (rows, input_width)  gathered
  Matrix<Scalar> H;       ///< (rows, n_hidden)
  Matrix<Scalar> dZ;      ///< (rows, n_hidden)
  Matrix<Scalar> dR;      ///< (rows, n_atoms)      gradient of R_j = h_jV_jᵀ, columns side by side
  Matrix<Scalar> E;       ///< (rows, n_visible)    one column's reconstruction, then its gradient
  Matrix<Scalar> dC;      ///< (rows, n_visible)    E's gradient summed over columns, for the decoder's bias
  std::vector<double> losses;
};

template <class Scalar>
Autoencoder<Scalar>::Autoencoder(std::shared_ptr<const PredictedWeights<Scalar>> weights,
                                 const AutoencoderOptions& options)
    : weights_(std::move(weights)),
      options_(options),
      encoder_(weights_, encoder_plan(*weights_, options.data), false) {
  if (weights_->selects()) return;
  for (Index j = 0; j < weights_->n_columns(); ++j) {
    const ConstMatrixRef<Scalar> U = weights_->point_dictionary(j);
    U_.emplace_back(U);
    Ut_.emplace_back(U.cols(), U.rows()).pack_transposed(0, U);
  }
}

template <class Scalar>
Index Autoencoder<Scalar>::n_parameters() const {
  return weights_->n_dynamic() + weights_->n_hidden() + (options_.decoder_bias ? weights_->n_visible() : 0);
}

template <class Scalar>
Vector<Scalar> Autoencoder<Scalar>::initial(std::uint64_t seed, const Initialisation& initialisation) const {
  Vector<Scalar> theta = Vector<Scalar>::Zero(n_parameters());
  initialise<Scalar>({{0, weights_}}, weights_->n_hidden(), Random(seed), initialisation, theta.data());
  return theta;
}

template <class Scalar>
double Autoencoder<Scalar>::multiply_adds(Index batch) const {
  return 2.0 * ppdl::multiply_adds(*weights_, encoder_.order(), {.batch = batch});  // encoder and decoder
}

template <class Scalar>
void Autoencoder<Scalar>::check_samples(const Samples<Scalar>& samples) const {
  check_size("columns of the inputs", samples.inputs.cols(), weights_->n_visible(), "inputs of the autoencoder");
  check(samples.inputs.rows() > 0, "there are no samples");
  check(samples.targets == nullptr && samples.labels == nullptr,
        "targets: received some; an autoencoder's are its inputs");
  check(samples.total_weight({.count = samples.inputs.rows()}) > 0.0, "the sample weights must have a positive sum");
}

template <class Scalar>
std::vector<ColumnNorm> Autoencoder<Scalar>::weight_blocks() const {
  return weight_blocks_of(*weights_);
}

template <class Scalar>
std::unique_ptr<Workspace> Autoencoder<Scalar>::workspace(const Samples<Scalar>& samples, Index batch,
                                                          int n_threads) const {
  const Index rows = std::min(batch, kGroupRows);
  auto buffers = std::make_unique<Buffers>();
  buffers->encoder = encoder_.scratch(rows, true, true);
  if (encoder_.pooled_once()) buffers->pooled = encoder_.pool(samples.inputs, n_threads);
  buffers->inputs.resize(rows, encoder_.input_width());
  buffers->H.resize(rows, weights_->n_hidden());
  buffers->dZ.resize(rows, weights_->n_hidden());
  buffers->dR.resize(rows, weights_->n_atoms());
  buffers->E.resize(rows, weights_->n_visible());
  if (options_.decoder_bias) buffers->dC.resize(rows, weights_->n_visible());
  buffers->losses.resize(static_cast<std::size_t>(Blocks(rows, kBlockRows).count()));
  return buffers;
}

template <class Scalar>
Sums Autoencoder<Scalar>::sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass&,
                               int n_threads, Workspace& workspace, Scalar* gradient) const {
  auto& buffers = static_cast<Buffers&>(workspace);
  parallel_for(encoder_.n_prepare_tasks(), n_threads,
               [&](Index task) { encoder_.prepare(task, theta, buffers.encoder); });
  const Blocks groups(rows.count, kGroupRows);
  double sum = 0.0;
  for (Index g = 0; g < groups.count(); ++g) {
    const Rows part = rows.part(groups.begin(g), groups.length(g));
    sum += group(theta, samples, part, n_threads, buffers, gradient, g == 0 ? Into::overwrite : Into::add);
  }
  return {sum, samples.total_weight(rows)};
}

template <class Scalar>
double Autoencoder<Scalar>::group(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, int n_threads,
                                  Buffers& b, Scalar* gradient, Into into) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const Blocks blocks(rows.count, kBlockRows);
  parallel_for(blocks.count(), n_threads, [&](Index block) {
    b.losses[static_cast<std::size_t>(block)] =
        sample_block(theta, samples, rows, blocks.begin(block), blocks.length(block), b);
  });
  double sum = 0.0;
  for (Index block = 0; block < blocks.count(); ++block) sum += b.losses[static_cast<std::size_t>(block)];

  parallel_for(encoder_.n_gradient_tasks(), n_threads, [&](Index task) {  // through the encoder: (XU)ᵀdZ
    encoder_.gradient(task, b.inputs.topRows(rows.count), gradient, into, b.encoder);
  });
  for (Index j = 0; j < w.n_columns(); ++j) {  // through the decoder: dR_jᵀh_j
    const ConstMatrixRef<Scalar> h = b.H.block(0, w.first_hidden(j), rows.count, w.n_hidden(j));
    const Blocks atoms(w.n_atoms(j), kTaskRows);
    parallel_for(atoms.count(), n_threads, [&](Index block) {
      const Index first = atoms.begin(block), count = atoms.length(block);
      multiply_transposed<Scalar>(b.dR.block(0, w.first_atom(j) + first, rows.count, count), h,
                                  w.v(gradient, j).middleRows(first, count), Into::add);
    });
  }
  const auto add_rows = [&](const Matrix<Scalar>& from, Scalar* to) {
    Eigen::Map<RowVector<Scalar>> total(to, from.cols());
    if (into == Into::overwrite) total.setZero();
    for (Index i = 0; i < rows.count; ++i) total += from.row(i);
  };
  add_rows(b.dZ, gradient + w.n_dynamic());
  if (options_.decoder_bias) add_rows(b.dC, gradient + w.n_dynamic() + w.n_hidden());
  return sum;
}

template <class Scalar>
double Autoencoder<Scalar>::sample_block(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows,
                                         Index first, Index count, Buffers& b) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const bool pooled = b.pooled.size() > 0;
  for (Index i = first; i < first + count; ++i) {
    if (pooled) {
      b.inputs.row(i) = b.pooled.row(rows[i]);
    } else {
      b.inputs.row(i) = samples.inputs.row(rows[i]);
    }
  }
  auto H = b.H.middleRows(first, count);
  encoder_.forward(first, b.inputs.middleRows(first, count), H, b.encoder);
  H.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + w.n_dynamic(), w.n_hidden());
  activate<Scalar>(options_.activation, H);
  if (options_.decoder_bias) b.dC.middleRows(first, count).setZero();
  double error = 0.0;
  for (Index j = 0; j < w.n_columns(); ++j) error += reconstruct(theta, j, samples, rows, first, count, b);
  auto dZ = b.dZ.middleRows(first, count);
  activate_reverse<Scalar>(options_.activation, H, dZ);
  encoder_.reverse(first, dZ, nullptr, b.encoder);
  return error;
}

/// Column j's reconstruction of rows [first, first + count): its squared error, dR_j and dZ_j.
template <class Scalar>
double Autoencoder<Scalar>::reconstruct(const Scalar* theta, Index j, const Samples<Scalar>& samples, const Rows& rows,
                                        Index first, Index count, Buffers& b) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const std::size_t c = static_cast<std::size_t>(j);
  auto r = b.dR.block(first, w.first_atom(j), count, w.n_atoms(j));
  auto e = b.E.middleRows(first, count);
  const std::vector<Index>& atoms = w.columns()[c].atoms;

  multiply<Scalar>(b.H.block(first, w.first_hidden(j), count, w.n_hidden(j)), b.encoder.right_t[c], r);  // h_jV_jᵀ
  if (!w.selects()) {
    multiply_by_channels<Scalar>(r, Ut_[c], w.n_channels(), e);
  } else {  // atoms are inputs
    e.setZero();
    for (Index k = 0; k < r.cols(); ++k) e.col(atoms[static_cast<std::size_t>(k)]) = r.col(k);
  }
  if (options_.decoder_bias) {
    e.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + w.n_dynamic() + w.n_hidden(), w.n_visible());
  }
  activate<Scalar>(options_.decoder, e);
  // d w‖x − x̂‖² = 2 w (x̂ − x) ∘ d'(·), with the derivative written in terms of x̂
  double error = 0.0;
  RowVector<Scalar> difference(w.n_visible());
  for (Index i = 0; i < count; ++i) {
    const Index row = rows[first + i];
    const Scalar weight = samples.weight(row);
    difference = e.row(i) - samples.inputs.row(row);
    error += static_cast<double>(weight) * static_cast<double>(difference.squaredNorm());
    difference *= Scalar(2) * weight;
    activate_reverse<Scalar>(options_.decoder, e.row(i), difference);
    e.row(i) = difference;
  }
  if (options_.decoder_bias) b.dC.middleRows(first, count) += e;

  if (!w.selects()) {
    multiply_by_channels<Scalar>(e, U_[c], w.n_channels(), r);
  } else {
    for (Index k = 0; k < r.cols(); ++k) r.col(k) = e.col(atoms[static_cast<std::size_t>(k)]);
  }
  multiply<Scalar>(r, b.encoder.right[c], b.dZ.block(first, w.first_hidden(j), count, w.n_hidden(j)));
  return error;
}

template class Autoencoder<float>;
template class Autoencoder<double>;

}  // namespace ppdl
