#include <ppdl/weights/predicted_weights.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/dictionary/least_squares.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <utility>

namespace ppdl {
namespace {

// Rows of W that are predicted or projected at a time.
constexpr Index kRows = 128;

std::size_t at(Index j) { return static_cast<std::size_t>(j); }

template <class Scalar>
std::atomic<Index> formed_dictionaries{0};

/// Whether the atoms of all columns, one column after the other, are 0, 1, 2, …
template <class Scalar>
bool counts_up(const std::vector<Column<Scalar>>& columns) {
  Index next = 0;
  for (const Column<Scalar>& column : columns) {
    for (const Index atom : column.atoms) {
      if (atom != next++) return false;
    }
  }
  return true;
}

}  // namespace

template <class Scalar>
PredictedWeights<Scalar>::PredictedWeights(Index n_visible, std::vector<Column<Scalar>> columns,
                                           std::shared_ptr<const Matrix<Scalar>> base, bool learned)
    : n_visible_(n_visible), learned_(learned), columns_(std::move(columns)), base_(std::move(base)) {
  check(n_visible > 0, "n_visible must be positive; received ", n_visible);
  check(!columns_.empty(), "predicted weights need at least one column; received none");
  check(!(learned && base_), "a learned dictionary (LowRank) has no base; received one of ", base_ ? base_->cols() : 0,
        " atoms");
  if (base_) check_size("rows of the base", base_->rows(), n_visible, "n_visible");
  const Index n_base = base_ ? base_->cols() : n_visible;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column<Scalar>& column = columns_[j];
    const Index n_atoms = static_cast<Index>(column.atoms.size());
    check(column.n_hidden > 0, "column ", j, " must have at least one hidden unit; received ", column.n_hidden);
    check(n_atoms > 0, "column ", j, " has no atoms; give it at least one");
    for (const Index atom : column.atoms) {
      check(learned || (atom >= 0 && atom < n_base), "column ", j, ": atom ", atom, " is outside 0 … ", n_base - 1);
    }
    if (column.mix.size() > 0) {
      check(!learned, "column ", j, ": a learned dictionary (LowRank) has no mix");
      check_size("rows of the mix", column.mix.rows(), n_atoms, "the column's atoms");
      check_size("columns of the mix", column.mix.cols(), n_atoms, "the column's atoms");
      has_mix_ = true;
    }
    first_atom_.push_back(n_atoms_);
    first_hidden_.push_back(n_hidden_);
    offset_.push_back(n_dynamic_);
    n_atoms_ += n_atoms;
    n_hidden_ += column.n_hidden;
    n_dynamic_ += n_atoms * column.n_hidden;
  }
  if (learned) {
    for (Index& offset : offset_) offset += n_visible * n_atoms_;
    n_dynamic_ += n_visible * n_atoms_;
  }
  in_order_ = selects() && n_atoms_ == n_visible && counts_up(columns_);
}

template <class Scalar>
std::shared_ptr<const PredictedWeights<Scalar>> PredictedWeights<Scalar>::identity(Index n_visible, Index n_hidden) {
  std::vector<Column<Scalar>> columns{
      {.n_hidden = n_hidden, .atoms = std::vector<Index>(at(std::max<Index>(n_visible, 0))), .mix = {}}};
  std::iota(columns[0].atoms.begin(), columns[0].atoms.end(), Index{0});
  return std::make_shared<const PredictedWeights>(n_visible, std::move(columns), nullptr);
}

template <class Scalar>
ConstMatrixMap<Scalar> PredictedWeights<Scalar>::v(const Scalar* V, Index j) const {
  return {V + offset(j), n_atoms(j), n_hidden(j)};
}

template <class Scalar>
MatrixMap<Scalar> PredictedWeights<Scalar>::v(Scalar* V, Index j) const {
  return {V + offset(j), n_atoms(j), n_hidden(j)};
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::formed() const {
  Matrix<Scalar> U = Matrix<Scalar>::Zero(n_visible_, n_atoms_);
  for (Index j = 0; j < n_columns(); ++j) {
    const Column<Scalar>& column = columns_[at(j)];
    auto Uj = U.middleCols(first_atom(j), n_atoms(j));
    for (Index k = 0; k < n_atoms(j); ++k) {
      if (base_) {
        Uj.col(k) = base_->col(column.atoms[at(k)]);
      } else {
        Uj(column.atoms[at(k)], k) = Scalar(1);
      }
    }
    if (column.mix.size() > 0) {
      const Matrix<Scalar> atoms = Uj;
      multiply<Scalar>(atoms, column.mix, Uj);
    }
  }
  return U;
}

template <class Scalar>
const Matrix<Scalar>& PredictedWeights<Scalar>::dictionary() const {
  check(!learned_, "the dictionary is learned: it stands in V, not here");
  std::call_once(once_, [this] {
    const bool is_base = base_ && !has_mix_ && base_->cols() == n_atoms_ && counts_up(columns_);
    dictionary_ = is_base ? base_ : std::make_shared<const Matrix<Scalar>>(formed());
    formed_dictionaries<Scalar> += 1;
  });
  return *dictionary_;
}

template <class Scalar>
ConstMatrixRef<Scalar> PredictedWeights<Scalar>::dictionary(Index j) const {
  check(j >= 0 && j < n_columns(), "column ", j, " is outside 0 … ", n_columns() - 1);
  return dictionary().middleCols(first_atom(j), n_atoms(j));
}

template <class Scalar>
ConstMatrixRef<Scalar> PredictedWeights<Scalar>::dictionary_or_learned(const Scalar* V) const {
  if (!learned_) return dictionary();
  return ConstMatrixMap<Scalar>(V, n_visible_, n_atoms_);
}

template <class Scalar>
Index PredictedWeights<Scalar>::n_dictionaries_formed() {
  return formed_dictionaries<Scalar>;
}

template <class Scalar>
void PredictedWeights<Scalar>::materialise(const Scalar* V, Index first, MatrixRef<Scalar> W) const {
  if (selects()) {
    W.setZero();
    for (Index j = 0; j < n_columns(); ++j) {
      for (Index k = 0; k < n_atoms(j); ++k) {
        const Index row = columns_[at(j)].atoms[at(k)] - first;
        if (row >= 0 && row < W.rows()) W.row(row).segment(first_hidden(j), n_hidden(j)) += v(V, j).row(k);
      }
    }
    return;
  }
  const ConstMatrixRef<Scalar> U = dictionary_or_learned(V);
  for (Index j = 0; j < n_columns(); ++j) {
    multiply<Scalar>(U.block(first, first_atom(j), W.rows(), n_atoms(j)), v(V, j),
                     W.middleCols(first_hidden(j), n_hidden(j)));
  }
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::materialise(const ConstVectorRef<Scalar>& V) const {
  check_size("size of V", V.size(), n_dynamic_, "the dynamic parameters of these weights");
  Matrix<Scalar> W(n_visible_, n_hidden_);
  const Blocks rows(n_visible_, kRows);
  const double work = static_cast<double>(n_visible_) * static_cast<double>(n_dynamic_);
  parallel_for(rows.count(), threads_for(work, 0), [&](Index block) {
    materialise(V.data(), rows.begin(block), W.middleRows(rows.begin(block), rows.length(block)));
  });
  return W;
}

template <class Scalar>
Vector<Scalar> PredictedWeights<Scalar>::project(const ConstMatrixRef<Scalar>& dW,
                                                 const ConstVectorRef<Scalar>& V) const {
  check_size("rows of dW", dW.rows(), n_visible_, "n_visible");
  check_size("columns of dW", dW.cols(), n_hidden_, "n_hidden");
  check_size("size of V", V.size(), n_dynamic_, "the dynamic parameters of these weights");
  Vector<Scalar> dV(n_dynamic_);
  const double work = static_cast<double>(n_visible_) * static_cast<double>(n_dynamic_);
  for (Index j = 0; j < n_columns(); ++j) {
    const ConstMatrixRef<Scalar> dWj = dW.middleCols(first_hidden(j), n_hidden(j));
    const Blocks rows(n_atoms(j), kRows);
    parallel_for(rows.count(), threads_for(work / static_cast<double>(n_columns()), 0), [&](Index block) {
      const Index first = rows.begin(block), count = rows.length(block);
      auto dVj = v(dV.data(), j).middleRows(first, count);
      if (selects()) {
        for (Index k = 0; k < count; ++k) dVj.row(k) = dWj.row(columns_[at(j)].atoms[at(first + k)]);
        return;
      }
      const ConstMatrixRef<Scalar> U = dictionary_or_learned(V.data());
      multiply_transposed<Scalar>(U.middleCols(first_atom(j) + first, count), dWj, dVj);
      if (!learned_) return;
      MatrixMap<Scalar> dU(dV.data(), n_visible_, n_atoms_);
      const Matrix<Scalar> Vt = v(V.data(), j).middleRows(first, count).transpose();
      multiply<Scalar>(dWj, Vt, dU.middleCols(first_atom(j) + first, count));
    });
  }
  return dV;
}

template <class Scalar>
Vector<Scalar> PredictedWeights<Scalar>::fit(const ConstMatrixRef<Scalar>& W) const {
  check(!learned_, "the dictionary is learned: there is no fixed U to fit W with");
  check_size("rows of W", W.rows(), n_visible_, "n_visible");
  check_size("columns of W", W.cols(), n_hidden_, "n_hidden");
  Vector<Scalar> V(n_dynamic_);
  for (Index j = 0; j < n_columns(); ++j) {
    const auto Wj = W.middleCols(first_hidden(j), n_hidden(j));
    const Matrix<double> U = dictionary(j).template cast<double>();
    const LeastSquaresOptions options{.epsilon = std::numeric_limits<Scalar>::epsilon()};
    v(V.data(), j) = least_squares(U, Wj.template cast<double>(), options).template cast<Scalar>();
  }
  return V;
}

template class PredictedWeights<float>;
template class PredictedWeights<double>;

}  // namespace ppdl
