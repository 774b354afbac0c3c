#include <ppdl/model/autoencoder.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <utility>

namespace ppdl {
namespace {

constexpr Index kTrainingRows = 64;

/// The encoder's order: with an identity or selecting dictionary the atoms are inputs, and there is nothing to pool.
template <class Scalar>
Order encoder_order(const PredictedWeights<Scalar>& weights) {
  return weights.base() || weights.has_mix() ? Order::pool : Order::shared;
}

}  // namespace

template <class Scalar>
struct Autoencoder<Scalar>::Buffers final : Workspace {
  typename Product<Scalar>::Buffers encoder;
  Matrix<Scalar> inputs;   ///< (batch, input_width)  gathered
  Matrix<Scalar> targets;  ///< (batch, n_visible)    gathered
  Matrix<Scalar> H;        ///< (batch, n_hidden)
  Matrix<Scalar> dZ;       ///< (batch, n_hidden)
  Matrix<Scalar> dR;       ///< (batch, n_atoms)      gradient of R_j = h_jV_jᵀ, columns side by side
  Matrix<Scalar> E;        ///< (batch, n_visible)    one column's reconstruction, then its gradient
  Matrix<Scalar> dC;       ///< (batch, n_visible)    E's gradient summed over columns, for the decoder's bias
  std::vector<double> losses;
};

template <class Scalar>
Autoencoder<Scalar>::Autoencoder(std::shared_ptr<const PredictedWeights<Scalar>> weights,
                                 const AutoencoderOptions& options)
    : weights_(std::move(weights)),
      options_(options),
      encoder_(weights_, weights_->learned() ? Order::pool : encoder_order(*weights_)) {
  check(!weights_->learned(), "an autoencoder's dictionary must be static; received a learned one (LowRank)");
}

template <class Scalar>
void Autoencoder<Scalar>::plan(Index n_samples, double memory_limit) {
  const double bytes = static_cast<double>(n_samples) * static_cast<double>(weights_->n_atoms()) * sizeof(Scalar);
  const Order order = encoder_order(*weights_);
  encoder_ = Product<Scalar>(weights_, order, order == Order::pool && n_samples > 0 && bytes <= memory_limit);
}

template <class Scalar>
Matrix<Scalar> Autoencoder<Scalar>::pool_input(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  return encoder_.pool(X, n_threads);
}

template <class Scalar>
Index Autoencoder<Scalar>::n_parameters() const {
  return weights_->n_dynamic() + weights_->n_hidden() + (options_.decoder_bias ? weights_->n_visible() : 0);
}

template <class Scalar>
Vector<Scalar> Autoencoder<Scalar>::initial(std::uint64_t seed, const Initialisation& initialisation) const {
  Vector<Scalar> theta = Vector<Scalar>::Zero(n_parameters());
  initialise(*weights_, Random(seed), initialisation, theta.data());
  return theta;
}

template <class Scalar>
double Autoencoder<Scalar>::multiply_adds(Index batch) const {
  return 2.0 * ppdl::multiply_adds(*weights_, encoder_.order(), {.batch = batch});  // encoder and decoder
}

template <class Scalar>
std::unique_ptr<Workspace> Autoencoder<Scalar>::workspace(Index batch) const {
  auto buffers = std::make_unique<Buffers>();
  buffers->encoder = encoder_.buffers(batch, true, false);
  buffers->inputs.resize(batch, input_width());
  buffers->targets.resize(batch, weights_->n_visible());
  buffers->H.resize(batch, weights_->n_hidden());
  buffers->dZ.resize(batch, weights_->n_hidden());
  buffers->dR.resize(batch, weights_->n_atoms());
  buffers->E.resize(batch, weights_->n_visible());
  if (options_.decoder_bias) buffers->dC.resize(batch, weights_->n_visible());
  buffers->losses.resize(static_cast<std::size_t>(Blocks(batch, kTrainingRows).count()));
  return buffers;
}

/// Column j's reconstruction of rows [first, first + count): its squared error, dR_j and dZ_j.
template <class Scalar>
double Autoencoder<Scalar>::reconstruct(const Scalar* theta, Index j, Index first, Index count, double scale,
                                        Buffers& b) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto V = w.v(theta, j);
  const auto h = b.H.block(first, w.first_hidden(j), count, w.n_hidden(j));
  auto dz = b.dZ.block(first, w.first_hidden(j), count, w.n_hidden(j));
  auto r = b.dR.block(first, w.first_atom(j), count, w.n_atoms(j));
  auto e = b.E.middleRows(first, count);
  const auto x = b.targets.middleRows(first, count);
  const std::vector<Index>& atoms = w.columns()[static_cast<std::size_t>(j)].atoms;
  const bool pools = encoder_.order() == Order::pool;

  r.noalias() = h * V.transpose();
  if (w.is_identity()) {
    e = r;
  } else if (pools) {
    e.noalias() = r * encoder_.dictionary(j).transpose();
  } else {  // atoms are inputs
    e.setZero();
    for (Index k = 0; k < r.cols(); ++k) e.col(atoms[static_cast<std::size_t>(k)]) = r.col(k);
  }
  if (options_.decoder_bias) {
    e.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + w.n_dynamic() + w.n_hidden(), w.n_visible());
  }
  activate<Scalar>(options_.decoder, e);

  // d‖x − x̂‖² = 2 (x̂ − x) ∘ d'(·), with the derivative written in terms of x̂
  double error = 0.0;
  for (Index i = 0; i < count; ++i) error += static_cast<double>((e.row(i) - x.row(i)).squaredNorm());
  const Scalar two = static_cast<Scalar>(2.0 * scale);
  switch (options_.decoder) {
    case Activation::logistic:
      e.array() = two * (e.array() - x.array()) * e.array() * (Scalar(1) - e.array());
      break;
    case Activation::tanh:
      e.array() = two * (e.array() - x.array()) * (Scalar(1) - e.array().square());
      break;
    case Activation::relu:
      e.array() = (e.array() > Scalar(0)).select(two * (e.array() - x.array()), Scalar(0));
      break;
    case Activation::identity:
      e = two * (e - x);
      break;
  }
  if (options_.decoder_bias) b.dC.middleRows(first, count) += e;

  if (w.is_identity()) {
    r = e;
  } else if (pools) {
    r.noalias() = e * encoder_.dictionary(j);
  } else {
    for (Index k = 0; k < r.cols(); ++k) r.col(k) = e.col(atoms[static_cast<std::size_t>(k)]);
  }
  dz.noalias() = r * V;
  return error;
}

template <class Scalar>
double Autoencoder<Scalar>::sample_block(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows,
                                         const Step& step, Index first, Index count, Buffers& b) const {
  const PredictedWeights<Scalar>& w = *weights_;
  for (Index i = first; i < first + count; ++i) {
    b.inputs.row(i) = samples.inputs.row(rows[i]);
    b.targets.row(i) = samples.targets->row(rows[i]);
  }
  auto H = b.H.middleRows(first, count);
  encoder_.forward(first, b.inputs.middleRows(first, count), theta, H, b.encoder);
  H.rowwise() += Eigen::Map<const RowVector<Scalar>>(theta + w.n_dynamic(), w.n_hidden());
  activate<Scalar>(options_.activation, H);
  if (options_.decoder_bias) b.dC.middleRows(first, count).setZero();
  double error = 0.0;
  for (Index j = 0; j < w.n_columns(); ++j) error += reconstruct(theta, j, first, count, 1.0 / step.total_weight, b);
  activate_reverse<Scalar>(options_.activation, H, b.dZ.middleRows(first, count));
  return error;
}

template <class Scalar>
double Autoencoder<Scalar>::value_and_gradient(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows,
                                               const Step& step, Workspace& workspace, Scalar* gradient) const {
  auto& b = static_cast<Buffers&>(workspace);
  const PredictedWeights<Scalar>& w = *weights_;
  const Index batch = rows.count;
  const Blocks blocks(batch, kTrainingRows);
  parallel_for(blocks.count(), step.n_threads, [&](Index block) {
    b.losses[static_cast<std::size_t>(block)] =
        sample_block(theta, samples, rows, step, blocks.begin(block), blocks.length(block), b);
  });
  double value = 0.0;
  for (Index block = 0; block < blocks.count(); ++block) value += b.losses[static_cast<std::size_t>(block)];

  const Decay<Scalar> none{};
  parallel_for(encoder_.n_gradient_tasks(), step.n_threads, [&](Index task) {  // through the encoder: (XU)ᵀdZ
    encoder_.gradient(task, b.inputs.topRows(batch), b.dZ.topRows(batch), theta, gradient, none, b.encoder);
  });
  parallel_for(w.n_columns(), step.n_threads, [&](Index j) {  // through the decoder: dR_jᵀ h_j
    w.v(gradient, j).noalias() += b.dR.block(0, w.first_atom(j), batch, w.n_atoms(j)).transpose() *
                                  b.H.block(0, w.first_hidden(j), batch, w.n_hidden(j));
  });
  Eigen::Map<RowVector<Scalar>>(gradient + w.n_dynamic(), w.n_hidden()) = b.dZ.topRows(batch).colwise().sum();
  if (options_.decoder_bias) {
    Eigen::Map<RowVector<Scalar>>(gradient + w.n_dynamic() + w.n_hidden(), w.n_visible()) =
        b.dC.topRows(batch).colwise().sum();
  }
  return value / step.total_weight;
}

template <class Scalar>
void Autoencoder<Scalar>::check_samples(const Samples<Scalar>& samples) const {
  check_size("columns of the inputs", samples.inputs.cols(), input_width(),
             pools_input() ? "width of the pooled data" : "inputs of the autoencoder");
  check(samples.inputs.rows() > 0, "there are no samples");
  check(samples.weights == nullptr, "an autoencoder takes no sample weights");
  check(samples.targets != nullptr, "an autoencoder takes X as its targets; received labels");
  check_size("columns of the targets", samples.targets->cols(), weights_->n_visible(), "n_visible");
}

template <class Scalar>
std::vector<ColumnNorm> Autoencoder<Scalar>::weight_blocks() const {
  std::vector<ColumnNorm> blocks;
  for (Index j = 0; j < weights_->n_columns(); ++j) {
    blocks.push_back({weights_->offset_v(j), weights_->n_atoms(j), weights_->n_hidden(j)});
  }
  return blocks;
}

template class Autoencoder<float>;
template class Autoencoder<double>;

}  // namespace ppdl
