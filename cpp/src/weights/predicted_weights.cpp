#include <ppdl/weights/predicted_weights.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/dictionary/least_squares.hpp>

#include <limits>
#include <numeric>
#include <utility>

namespace ppdl {
namespace {

std::size_t at(Index j) { return static_cast<std::size_t>(j); }

template <class Scalar>
bool selects_everything(const Column<Scalar>& column, Index n_inputs) {
  if (column.mix.size() > 0 || static_cast<Index>(column.atoms.size()) != n_inputs) return false;
  for (Index i = 0; i < n_inputs; ++i) {
    if (column.atoms[at(i)] != i) return false;
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
    if (!learned) {
      for (const Index atom : column.atoms) {
        check(atom >= 0 && atom < n_base, "column ", j, ": atom ", atom, " is outside 0 … ", n_base - 1);
      }
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
    n_dynamic_ += n_atoms * column.n_hidden + (learned ? n_visible * n_atoms : 0);
  }
  is_identity_ = !learned && !base_ && columns_.size() == 1 && selects_everything(columns_[0], n_visible);
}

template <class Scalar>
PredictedWeights<Scalar> PredictedWeights<Scalar>::identity(Index n_visible, Index n_hidden) {
  Column<Scalar> column{.n_hidden = n_hidden, .atoms = std::vector<Index>(at(n_visible)), .mix = {}};
  std::iota(column.atoms.begin(), column.atoms.end(), Index{0});
  return PredictedWeights(n_visible, {std::move(column)}, nullptr);
}

template <class Scalar>
Index PredictedWeights<Scalar>::n_static() const {
  const bool selects = !base_ && !has_mix_;
  return learned_ || selects ? 0 : n_visible_ * n_atoms_;
}

template <class Scalar>
Index PredictedWeights<Scalar>::offset_v(Index j) const {
  return offset_[at(j)] + (learned_ ? n_visible_ * n_atoms(j) : 0);
}

template <class Scalar>
ConstMatrixMap<Scalar> PredictedWeights<Scalar>::v(const Scalar* V, Index j) const {
  return {V + offset_v(j), n_atoms(j), n_hidden(j)};
}

template <class Scalar>
MatrixMap<Scalar> PredictedWeights<Scalar>::v(Scalar* V, Index j) const {
  return {V + offset_v(j), n_atoms(j), n_hidden(j)};
}

template <class Scalar>
ConstMatrixMap<Scalar> PredictedWeights<Scalar>::u(const Scalar* V, Index j) const {
  return {V + offset_u(j), n_visible_, n_atoms(j)};
}

template <class Scalar>
MatrixMap<Scalar> PredictedWeights<Scalar>::u(Scalar* V, Index j) const {
  return {V + offset_u(j), n_visible_, n_atoms(j)};
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::dictionary(Index j) const {
  check(!learned_, "the dictionary is learned: it stands in V, not here");
  check(j >= 0 && j < n_columns(), "column ", j, " is outside 0 … ", n_columns() - 1);
  const Column<Scalar>& column = columns_[at(j)];
  Matrix<Scalar> U = Matrix<Scalar>::Zero(n_visible_, n_atoms(j));
  for (Index k = 0; k < n_atoms(j); ++k) {
    if (base_) {
      U.col(k) = base_->col(column.atoms[at(k)]);
    } else {
      U(column.atoms[at(k)], k) = Scalar(1);
    }
  }
  if (column.mix.size() > 0) U = (U * column.mix).eval();
  return U;
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::dictionary() const {
  Matrix<Scalar> U(n_visible_, n_atoms_);
  for (Index j = 0; j < n_columns(); ++j) U.middleCols(first_atom(j), n_atoms(j)) = dictionary(j);
  return U;
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::materialise(const ConstVectorRef<Scalar>& V) const {
  check_size("size of V", V.size(), n_dynamic_, "the dynamic parameters of these weights");
  Matrix<Scalar> W(n_visible_, n_hidden_);
  for (Index j = 0; j < n_columns(); ++j) {
    auto Wj = W.middleCols(first_hidden(j), n_hidden(j));
    if (is_identity_) {
      Wj = v(V.data(), j);
    } else if (learned_) {
      Wj.noalias() = u(V.data(), j) * v(V.data(), j);
    } else {
      Wj.noalias() = dictionary(j) * v(V.data(), j);
    }
  }
  return W;
}

template <class Scalar>
Vector<Scalar> PredictedWeights<Scalar>::project(const ConstMatrixRef<Scalar>& dW,
                                                 const ConstVectorRef<Scalar>& V) const {
  check_size("rows of dW", dW.rows(), n_visible_, "n_visible");
  check_size("columns of dW", dW.cols(), n_hidden_, "n_hidden");
  check_size("size of V", V.size(), n_dynamic_, "the dynamic parameters of these weights");
  Vector<Scalar> dV(n_dynamic_);
  for (Index j = 0; j < n_columns(); ++j) {
    const auto dWj = dW.middleCols(first_hidden(j), n_hidden(j));
    if (learned_) {
      v(dV.data(), j).noalias() = u(V.data(), j).transpose() * dWj;
      u(dV.data(), j).noalias() = dWj * v(V.data(), j).transpose();
    } else {
      v(dV.data(), j).noalias() = dictionary(j).transpose() * dWj;
    }
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
