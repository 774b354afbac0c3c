#include <ppdl/weights/product.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include <utility>

namespace ppdl {
namespace {

// Rows of V (or W) that one task updates: enough of them for Eigen to run at full speed, few enough to share out.
constexpr Index kTaskRows = 128;
// Rows that one task pools when the whole data set is pooled.
constexpr Index kPoolRows = 256;

std::size_t at(Index j) { return static_cast<std::size_t>(j); }

}  // namespace

template <class Scalar>
Product<Scalar>::Product(std::shared_ptr<const PredictedWeights<Scalar>> weights, Order order, bool pooled_once)
    : weights_(std::move(weights)), order_(order), pooled_once_(pooled_once) {
  const PredictedWeights<Scalar>& w = *weights_;
  check(!(order == Order::shared && w.learned()), "a learned dictionary (LowRank) has no shared base to pool with");
  check(!(pooled_once && (w.learned() || order == Order::predict)),
        "an input can be pooled once only with a static dictionary and an order that pools; received order ",
        to_string(order));
  check(!(pooled_once && order == Order::shared && !w.base()), "there is no base to pool with");
  if (!w.learned() && order != Order::shared) U_ = w.dictionary();
  if (order == Order::shared) {
    for (const Column<Scalar>& column : w.columns())
      atoms_.insert(atoms_.end(), column.atoms.begin(), column.atoms.end());
  }
  for (Index j = 0; j < w.n_columns(); ++j) {
    const auto cut = [&](std::vector<Task>& tasks, Index rows, bool of_u) {
      const Blocks blocks(rows, kTaskRows);
      for (Index b = 0; b < blocks.count(); ++b) tasks.push_back({j, blocks.begin(b), blocks.length(b), of_u});
    };
    if (order == Order::predict) {
      cut(prepare_, w.n_visible(), true);
      if (j == 0) cut(gradient_, w.n_visible(), true);  // dW, all columns at once
      cut(finish_, w.n_atoms(j), false);
      if (w.learned()) cut(finish_, w.n_visible(), true);
    } else {
      if (mixes(j)) {
        cut(prepare_, w.n_atoms(j), false);
        cut(finish_, w.n_atoms(j), false);
      }
      cut(gradient_, w.n_atoms(j), false);
      if (w.learned()) cut(gradient_, w.n_visible(), true);
    }
  }
}

template <class Scalar>
bool Product<Scalar>::mixes(Index j) const {
  return order_ == Order::shared && weights_->columns()[at(j)].mix.size() > 0;
}

template <class Scalar>
Index Product<Scalar>::input_width() const {
  if (!pooled_once_) return weights_->n_visible();
  return order_ == Order::pool ? weights_->n_atoms() : weights_->base()->cols();
}

template <class Scalar>
Matrix<Scalar> Product<Scalar>::pool(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  check(pooled_once_, "this plan doesn't pool the data set; pass X itself");
  check_size("columns of X", X.cols(), weights_->n_visible(), "n_visible");
  const Matrix<Scalar>& static_part = order_ == Order::pool ? U_ : *weights_->base();
  Matrix<Scalar> pooled(X.rows(), input_width());
  const Blocks blocks(X.rows(), kPoolRows);
  parallel_for(blocks.count(), n_threads, [&](Index block) {
    const Index first = blocks.begin(block), count = blocks.length(block);
    pooled.middleRows(first, count).noalias() = X.middleRows(first, count) * static_part;
  });
  return pooled;
}

template <class Scalar>
void Product<Scalar>::prepare_predicted_decay() {
  const PredictedWeights<Scalar>& w = *weights_;
  if (w.learned() || (!w.base() && !w.has_mix())) return;  // UᵀU changes, or is the identity
  gram_.clear();
  for (Index j = 0; j < w.n_columns(); ++j) {
    const Matrix<Scalar> U = w.dictionary(j);
    gram_.emplace_back(U.transpose() * U);
  }
}

template <class Scalar>
typename Product<Scalar>::Buffers Product<Scalar>::buffers(Index batch, bool training, bool reverse_input) const {
  const PredictedWeights<Scalar>& w = *weights_;
  Buffers buffers;
  const Index n_base = w.base() ? w.base()->cols() : w.n_visible();
  if (order_ == Order::predict) {
    buffers.W.resize(w.n_visible(), w.n_hidden());
    if (training) buffers.dW.resize(w.n_visible(), w.n_hidden());
    return buffers;
  }
  const bool has_pooled_input = aliases_input() || (order_ == Order::pool && pooled_once_);
  if (!has_pooled_input) buffers.P.resize(batch, w.n_atoms());
  if (order_ == Order::shared && w.base() && !pooled_once_) buffers.Q.resize(batch, n_base);
  if (training && (reverse_input || w.learned()) && !aliases_input()) buffers.dP.resize(batch, w.n_atoms());
  if (training && reverse_input && order_ == Order::shared && w.base()) buffers.dQ.resize(batch, n_base);
  if (order_ == Order::shared && w.has_mix()) {
    buffers.M.resize(w.n_dynamic());
    if (training) buffers.dM.resize(w.n_dynamic());
  }
  return buffers;
}

template <class Scalar>
ConstMatrixMap<Scalar> Product<Scalar>::coefficients(const Scalar* V, Index j, const Buffers& buffers) const {
  return weights_->v(mixes(j) ? buffers.M.data() : V, j);
}

template <class Scalar>
void Product<Scalar>::prepare(Index task, const Scalar* V, Buffers& buffers) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto [j, first, count, of_u] = prepare_[at(task)];
  if (order_ == Order::predict) {
    auto W = buffers.W.block(first, w.first_hidden(j), count, w.n_hidden(j));
    if (w.learned()) {
      W.noalias() = w.u(V, j).middleRows(first, count) * w.v(V, j);
    } else {
      W.noalias() = U_.block(first, w.first_atom(j), count, w.n_atoms(j)) * w.v(V, j);
    }
  } else {
    w.v(buffers.M.data(), j).middleRows(first, count).noalias() =
        w.columns()[at(j)].mix.middleRows(first, count) * w.v(V, j);
  }
}

template <class Scalar>
void Product<Scalar>::gather(const ConstMatrixRef<Scalar>& Q, MatrixRef<Scalar> P) const {
  const Index* atoms = atoms_.data();
  const Index n_atoms = static_cast<Index>(atoms_.size());
  for (Index i = 0; i < P.rows(); ++i) {
    const Scalar* from = &Q.coeffRef(i, 0);
    Scalar* to = &P.coeffRef(i, 0);
    for (Index k = 0; k < n_atoms; ++k) to[k] = from[atoms[k]];
  }
}

template <class Scalar>
void Product<Scalar>::forward(Index first_row, const ConstMatrixRef<Scalar>& X, const Scalar* V, MatrixRef<Scalar> Z,
                              Buffers& buffers) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const Index rows = X.rows();
  if (order_ == Order::predict) {
    Z.noalias() = X * buffers.W;
    return;
  }
  if (order_ == Order::shared && !aliases_input()) {
    if (w.base() && !pooled_once_) {
      auto Q = buffers.Q.middleRows(first_row, rows);
      Q.noalias() = X * *w.base();
      gather(Q, buffers.P.middleRows(first_row, rows));
    } else {
      gather(X, buffers.P.middleRows(first_row, rows));
    }
  } else if (order_ == Order::pool && !pooled_once_ && !aliases_input()) {
    auto P = buffers.P.middleRows(first_row, rows);
    if (w.learned()) {
      for (Index j = 0; j < w.n_columns(); ++j) P.middleCols(w.first_atom(j), w.n_atoms(j)).noalias() = X * w.u(V, j);
    } else {
      P.noalias() = X * U_;
    }
  }
  const bool from_input = buffers.P.size() == 0;
  for (Index j = 0; j < w.n_columns(); ++j) {
    auto Zj = Z.middleCols(w.first_hidden(j), w.n_hidden(j));
    const auto Vj = coefficients(V, j, buffers);
    if (from_input) {
      Zj.noalias() = X.middleCols(w.first_atom(j), w.n_atoms(j)) * Vj;
    } else {
      Zj.noalias() = buffers.P.block(first_row, w.first_atom(j), rows, w.n_atoms(j)) * Vj;
    }
  }
}

template <class Scalar>
void Product<Scalar>::reverse(Index first_row, const ConstMatrixRef<Scalar>& dZ, const Scalar* V, MatrixRef<Scalar>* dX,
                              Buffers& buffers) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const Index rows = dZ.rows();
  if (dX == nullptr && !w.learned()) return;
  if (order_ == Order::predict) {
    if (dX != nullptr) dX->noalias() = dZ * buffers.W.transpose();
    return;
  }
  if (aliases_input()) {
    dX->noalias() = dZ * w.v(V, 0).transpose();
    return;
  }
  auto dP = buffers.dP.middleRows(first_row, rows);
  for (Index j = 0; j < w.n_columns(); ++j) {  // dP_j = dZ_j (T_jV_j)ᵀ
    dP.middleCols(w.first_atom(j), w.n_atoms(j)).noalias() =
        dZ.middleCols(w.first_hidden(j), w.n_hidden(j)) * coefficients(V, j, buffers).transpose();
  }
  if (dX == nullptr) return;
  if (order_ == Order::pool) {
    if (w.learned()) {
      dX->setZero();
      for (Index j = 0; j < w.n_columns(); ++j) {
        dX->noalias() += dP.middleCols(w.first_atom(j), w.n_atoms(j)) * w.u(V, j).transpose();
      }
    } else {
      dX->noalias() = dP * U_.transpose();
    }
    return;
  }
  const auto scatter = [&](MatrixRef<Scalar> dQ) {  // the twin of gather
    dQ.setZero();
    for (Index i = 0; i < rows; ++i) {
      const Scalar* from = &dP.coeffRef(i, 0);
      Scalar* to = &dQ.coeffRef(i, 0);
      for (std::size_t k = 0; k < atoms_.size(); ++k) to[atoms_[k]] += from[k];
    }
  };
  if (w.base()) {
    auto dQ = buffers.dQ.middleRows(first_row, rows);
    scatter(dQ);
    dX->noalias() = dQ * w.base()->transpose();
  } else {
    scatter(*dX);
  }
}

/// Writes the decay's gradient for a task's rows (zero without decay) and returns its share of the penalty.
template <class Scalar>
double Product<Scalar>::decayed(const Task& task, const Scalar* V, Scalar* dV, const Decay<Scalar>& decay) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto [j, first, count, of_u] = task;
  auto to = of_u ? w.u(dV, j).middleRows(first, count) : w.v(dV, j).middleRows(first, count);
  if (decay.scale == Scalar(0)) {
    to.setZero();
    return 0.0;
  }
  const auto from = of_u ? w.u(V, j).middleRows(first, count) : w.v(V, j).middleRows(first, count);
  if (!decay.predicted || (gram_.empty() && !w.learned())) {
    to = decay.scale * from;
  } else if (of_u) {
    to.noalias() = decay.scale * (from * (w.v(V, j) * w.v(V, j).transpose()));
    return 0.0;  // ‖UV‖² is counted once, with V
  } else if (w.learned()) {
    to.noalias() = decay.scale * (w.u(V, j).middleCols(first, count).transpose() * (w.u(V, j) * w.v(V, j)));
  } else {
    to.noalias() = decay.scale * (gram_[at(j)].middleRows(first, count) * w.v(V, j));
  }
  return 0.5 * static_cast<double>(from.cwiseProduct(to).sum());
}

template <class Scalar>
double Product<Scalar>::gradient(Index task, const ConstMatrixRef<Scalar>& X, const ConstMatrixRef<Scalar>& dZ,
                                 const Scalar* V, Scalar* dV, const Decay<Scalar>& decay, Buffers& buffers) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto [j, first, count, of_u] = gradient_[at(task)];
  if (order_ == Order::predict) {
    buffers.dW.middleRows(first, count).noalias() = X.middleCols(first, count).transpose() * dZ;
    return 0.0;
  }
  if (of_u) {
    const double penalty = decayed(gradient_[at(task)], V, dV, decay);
    w.u(dV, j).middleRows(first, count).noalias() +=
        X.middleCols(first, count).transpose() * buffers.dP.block(0, w.first_atom(j), dZ.rows(), w.n_atoms(j));
    return penalty;
  }
  const auto dZj = dZ.middleCols(w.first_hidden(j), w.n_hidden(j));
  const auto accumulate = [&](auto to) {
    if (buffers.P.size() == 0) {
      to.noalias() += X.middleCols(w.first_atom(j) + first, count).transpose() * dZj;
    } else {
      to.noalias() += buffers.P.block(0, w.first_atom(j) + first, dZ.rows(), count).transpose() * dZj;
    }
  };
  if (mixes(j)) {
    auto dMj = w.v(buffers.dM.data(), j).middleRows(first, count);
    dMj.setZero();
    accumulate(dMj);
    return 0.0;
  }
  const double penalty = decayed(gradient_[at(task)], V, dV, decay);
  accumulate(w.v(dV, j).middleRows(first, count));
  return penalty;
}

template <class Scalar>
double Product<Scalar>::finish(Index task, const Scalar* V, Scalar* dV, const Decay<Scalar>& decay,
                               Buffers& buffers) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto [j, first, count, of_u] = finish_[at(task)];
  const double penalty = decayed(finish_[at(task)], V, dV, decay);
  if (order_ != Order::predict) {  // dV_j = T_jᵀ dM_j
    w.v(dV, j).middleRows(first, count).noalias() +=
        w.columns()[at(j)].mix.middleCols(first, count).transpose() * w.v(buffers.dM.data(), j);
    return penalty;
  }
  const auto dWj = buffers.dW.middleCols(w.first_hidden(j), w.n_hidden(j));
  if (of_u) {
    w.u(dV, j).middleRows(first, count).noalias() += dWj.middleRows(first, count) * w.v(V, j).transpose();
  } else if (w.learned()) {
    w.v(dV, j).middleRows(first, count).noalias() += w.u(V, j).middleCols(first, count).transpose() * dWj;
  } else {
    w.v(dV, j).middleRows(first, count).noalias() += U_.middleCols(w.first_atom(j) + first, count).transpose() * dWj;
  }
  return penalty;
}

template class Product<float>;
template class Product<double>;

}  // namespace ppdl
