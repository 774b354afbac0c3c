#include <ppdl/weights/evaluation.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/weights/channels.hpp>

#include <algorithm>
#include <utility>

namespace ppdl {
namespace {

// Rows of coefficients that one task makes: enough of them to pay for packing, few enough to share out; a multiple of every
// panel's width.
constexpr Index kTaskRows = 128;
// Points whose coefficients one task makes at least, where they have channels: a multiple of every panel's width too.
constexpr Index kTaskPoints = 32;
// Rows that one task pools when the whole data set is pooled.
constexpr Index kPoolRows = 256;

/// Rows of coefficients that one task makes, in whole points of c channels.
Index task_rows(Index c) {
  if (c == 1) return kTaskRows;
  const Index points = (kTaskRows + c * kTaskPoints - 1) / (c * kTaskPoints) * kTaskPoints;
  return points * c;
}

}  // namespace

template <class Scalar>
Evaluation<Scalar>::Evaluation(std::shared_ptr<const PredictedWeights<Scalar>> weights, const Plan& plan,
                               bool reverse_input)
    : weights_(std::move(weights)), plan_(plan) {
  const PredictedWeights<Scalar>& w = *weights_;
  check(!w.learned(), "a learned dictionary (LowRank) is two layers, each with an evaluation of its own");
  check(order() != Order::shared || w.selects() || w.base(), "there is no base to pool with");
  check(!pooled_once() || static_part() != nullptr, "there is nothing to pool once in the order ", to_string(order()));
  const Index c = w.n_channels();
  const auto cut = [](std::vector<Task>& tasks, Index part, Index rows, Index most, Index channel = 0) {
    for (Index first = 0; first < rows; first += most) {
      tasks.push_back({part, first, std::min(most, rows - first), channel});
    }
  };
  const auto cut_atoms = [&](Index j) {
    for (Index k = 0; k < c; ++k) cut(finish_tasks_, j, w.n_atoms(j) / c, kTaskRows, k);
  };
  if (order() == Order::predict) {
    parts_.push_back({0, w.n_visible(), 0, w.n_hidden(), 0});
    for (Index j = 0; j < w.n_columns(); ++j) cut_atoms(j);
  } else {
    for (Index j = 0; j < w.n_columns(); ++j) {
      parts_.push_back({w.first_atom(j), w.n_atoms(j), w.first_hidden(j), w.n_hidden(j), w.offset(j)});
      if (mixes(j)) cut_atoms(j);
    }
  }
  for (Index p = 0; p < static_cast<Index>(parts_.size()); ++p) {
    cut(prepare_tasks_, p, parts_[at(p)].n_inputs, task_rows(c));
    cut(gradient_tasks_, p, parts_[at(p)].n_inputs, kTaskRows);
  }
  if (order() == Order::shared && !aliases_input()) {
    for (const Column<Scalar>& column : w.columns()) {
      for (const Index atom : column.atoms) {
        for (Index k = 0; k < c; ++k) atoms_.push_back(atom * c + k);
      }
    }
  }
  if (const Matrix<Scalar>* part = static_part()) {
    if (!pooled_once()) static_panels_ = Panels<Scalar>(*part);
    if (reverse_input) {
      static_t_.resize(part->cols(), part->rows());
      static_t_.pack_transposed(0, *part);
    }
  }
}

template <class Scalar>
bool Evaluation<Scalar>::mixes(Index j) const {
  return order() == Order::shared && weights_->columns()[at(j)].mix.size() > 0;
}

template <class Scalar>
bool Evaluation<Scalar>::aliases_input() const {
  return order() == Order::predict || weights_->in_order() || (order() == Order::pool && pooled_once());
}

template <class Scalar>
const Matrix<Scalar>* Evaluation<Scalar>::static_part() const {
  if (order() == Order::predict) return nullptr;
  return order() == Order::pool ? &weights_->point_dictionary() : weights_->base().get();
}

template <class Scalar>
Index Evaluation<Scalar>::input_width() const {
  return pooled_once() ? static_part()->cols() * weights_->n_channels() : weights_->n_visible();
}

template <class Scalar>
Matrix<Scalar> Evaluation<Scalar>::pool(const ConstMatrixRef<Scalar>& X, int n_threads) const {
  check(pooled_once(), "this plan doesn't pool the data set; pass X itself");
  check_size("columns of X", X.cols(), weights_->n_visible(), "n_visible");
  const Panels<Scalar> panels(*static_part());
  Matrix<Scalar> pooled(X.rows(), input_width());
  const Blocks blocks(X.rows(), kPoolRows);
  parallel_for(blocks.count(), n_threads, [&](Index block) {
    const Index first = blocks.begin(block), count = blocks.length(block);
    multiply_by_channels<Scalar>(X.middleRows(first, count), panels, weights_->n_channels(),
                                 pooled.middleRows(first, count));
  });
  return pooled;
}

template <class Scalar>
typename Evaluation<Scalar>::Scratch Evaluation<Scalar>::scratch(Index rows, bool training, bool reverse_input) const {
  const PredictedWeights<Scalar>& w = *weights_;
  reverse_input = reverse_input && training;
  Scratch scratch;
  if (!aliases_input()) {
    scratch.P.resize(rows, w.n_atoms());
    if (reverse_input) scratch.dP.resize(rows, w.n_atoms());
    if (order() == Order::shared && w.base()) {
      if (!pooled_once()) scratch.Q.resize(rows, w.base()->cols() * w.n_channels());
      if (reverse_input) scratch.dQ.resize(rows, w.base()->cols() * w.n_channels());
    }
  }
  if (!finish_tasks_.empty()) {
    const Index size = order() == Order::predict ? w.n_visible() * w.n_hidden() : w.n_dynamic();
    scratch.C.resize(size);
    if (training) scratch.dC.resize(size);
  }
  for (const Part& part : parts_) {
    scratch.right.emplace_back(part.n_inputs, part.n_hidden);
    if (reverse_input) scratch.right_t.emplace_back(part.n_hidden, part.n_inputs);
    if (training) scratch.gradients.emplace_back(rows, part.n_hidden);
  }
  return scratch;
}

template <class Scalar>
void Evaluation<Scalar>::prepare(Index task, const Scalar* V, Scratch& scratch) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const Task& t = prepare_tasks_[at(task)];
  const Part& part = parts_[at(t.part)];
  const Scalar* coefficients = V + part.offset;
  if (order() == Order::predict) {
    MatrixMap<Scalar> W(scratch.C.data(), part.n_inputs, part.n_hidden);
    w.materialise(V, t.first, W.middleRows(t.first, t.count));
    coefficients = scratch.C.data();
  } else if (mixes(t.part)) {
    MatrixMap<Scalar> mixed(scratch.C.data() + part.offset, part.n_inputs, part.n_hidden);
    const Index c = w.n_channels();
    multiply_in_channels<Scalar>(w.columns()[at(t.part)].mix.middleRows(t.first / c, t.count / c), c, w.v(V, t.part),
                                 mixed.middleRows(t.first, t.count));
    coefficients = mixed.data();
  }
  const ConstMatrixMap<Scalar> rows(coefficients + t.first * part.n_hidden, t.count, part.n_hidden);
  scratch.right[at(t.part)].pack(t.first, rows);
  if (!scratch.right_t.empty()) scratch.right_t[at(t.part)].pack_transposed(t.first, rows);
}

template <class Scalar>
void Evaluation<Scalar>::gather(const ConstMatrixRef<Scalar>& Q, MatrixRef<Scalar> P) const {
  const Index* atoms = atoms_.data();
  const Index n_atoms = static_cast<Index>(atoms_.size());
  for (Index i = 0; i < P.rows(); ++i) {
    const Scalar* from = &Q.coeffRef(i, 0);
    Scalar* to = &P.coeffRef(i, 0);
    for (Index k = 0; k < n_atoms; ++k) to[k] = from[atoms[k]];
  }
}

template <class Scalar>
void Evaluation<Scalar>::scatter(const ConstMatrixRef<Scalar>& dP, MatrixRef<Scalar> dQ) const {
  dQ.setZero();
  for (Index i = 0; i < dP.rows(); ++i) {
    const Scalar* from = &dP.coeffRef(i, 0);
    Scalar* to = &dQ.coeffRef(i, 0);
    for (std::size_t k = 0; k < atoms_.size(); ++k) to[atoms_[k]] += from[k];
  }
}

template <class Scalar>
void Evaluation<Scalar>::forward(Index first_row, const ConstMatrixRef<Scalar>& X, MatrixRef<Scalar> Z,
                                 Scratch& scratch) const {
  const Index rows = X.rows();
  if (!aliases_input()) {
    auto P = scratch.P.middleRows(first_row, rows);
    if (order() == Order::pool) {
      multiply_by_channels<Scalar>(X, static_panels_, weights_->n_channels(), P);
    } else if (static_panels_.empty()) {
      gather(X, P);
    } else {
      auto Q = scratch.Q.middleRows(first_row, rows);
      multiply_by_channels<Scalar>(X, static_panels_, weights_->n_channels(), Q);
      gather(Q, P);
    }
  }
  const ConstMatrixRef<Scalar> inputs =
      aliases_input() ? X : ConstMatrixRef<Scalar>(scratch.P.middleRows(first_row, rows));
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    const Part& part = parts_[c];
    multiply<Scalar>(inputs.middleCols(part.first_input, part.n_inputs), scratch.right[c],
                     Z.middleCols(part.first_hidden, part.n_hidden));
  }
}

template <class Scalar>
void Evaluation<Scalar>::reverse(Index first_row, const ConstMatrixRef<Scalar>& dZ, MatrixRef<Scalar>* dX,
                                 Scratch& scratch) const {
  const Index rows = dZ.rows();
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    scratch.gradients[c].pack(first_row, dZ.middleCols(parts_[c].first_hidden, parts_[c].n_hidden));
  }
  if (dX == nullptr) return;
  MatrixRef<Scalar> d_inputs = aliases_input() ? *dX : MatrixRef<Scalar>(scratch.dP.middleRows(first_row, rows));
  for (std::size_t c = 0; c < parts_.size(); ++c) {  // dP_c = dZ_c C_cᵀ
    const Part& part = parts_[c];
    multiply<Scalar>(dZ.middleCols(part.first_hidden, part.n_hidden), scratch.right_t[c],
                     d_inputs.middleCols(part.first_input, part.n_inputs));
  }
  if (aliases_input()) return;
  if (order() == Order::pool) {
    multiply_by_channels<Scalar>(d_inputs, static_t_, weights_->n_channels(), *dX);
  } else if (static_t_.empty()) {
    scatter(d_inputs, *dX);
  } else {
    auto dQ = scratch.dQ.middleRows(first_row, rows);
    scatter(d_inputs, dQ);
    multiply_by_channels<Scalar>(dQ, static_t_, weights_->n_channels(), *dX);
  }
}

template <class Scalar>
void Evaluation<Scalar>::gradient(Index task, const ConstMatrixRef<Scalar>& X, Scalar* dV, Into into,
                                  Scratch& scratch) const {
  const Task& t = gradient_tasks_[at(task)];
  const Part& part = parts_[at(t.part)];
  Scalar* to = (order() == Order::predict || mixes(t.part) ? scratch.dC.data() : dV) + part.offset;
  const ConstMatrixRef<Scalar> inputs = aliases_input() ? X : ConstMatrixRef<Scalar>(scratch.P.topRows(X.rows()));
  multiply_transposed<Scalar>(inputs.middleCols(part.first_input + t.first, t.count), scratch.gradients[at(t.part)],
                              MatrixMap<Scalar>(to + t.first * part.n_hidden, t.count, part.n_hidden), into);
}

template <class Scalar>
void Evaluation<Scalar>::finish(Index task, Scalar* dV, Scratch& scratch) const {
  const PredictedWeights<Scalar>& w = *weights_;
  const auto& [j, first, count, channel] = finish_tasks_[at(task)];
  if (order() == Order::predict) {
    const ConstMatrixMap<Scalar> dW(scratch.dC.data(), w.n_visible(), w.n_hidden());
    return w.project_part(dW, j, channel, first, count, dV);
  }
  const Index c = w.n_channels();  // dV_j = T_jᵀ dM_j
  const ConstMatrixMap<Scalar> dM(scratch.dC.data() + w.offset(j), w.n_atoms(j), w.n_hidden(j));
  multiply_transposed_in_channel<Scalar>(w.columns()[at(j)].mix.middleCols(first, count), c, channel, dM,
                                         w.v(dV, j).middleRows(first * c, count * c));
}

template class Evaluation<float>;
template class Evaluation<double>;

}  // namespace ppdl
