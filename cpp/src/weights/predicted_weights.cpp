#include <ppdl/weights/predicted_weights.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/dictionary/least_squares.hpp>
#include <ppdl/weights/channels.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <utility>

namespace ppdl {
namespace {

// Rows of W (points of it, where there are channels) that are predicted or projected at a time.
constexpr Index kRows = 128;

template <class Scalar>
std::atomic<Index>& formed_dictionaries() {
  static std::atomic<Index> count{0};
  return count;
}

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
                                           std::shared_ptr<const Matrix<Scalar>> base, Structure<Scalar> structure)
    : n_visible_(n_visible), structure_(std::move(structure)), columns_(std::move(columns)), base_(std::move(base)) {
  check(n_visible > 0, "n_visible must be positive; received ", n_visible);
  check(n_channels() > 0 && n_visible % n_channels() == 0, "n_channels: received ", n_channels(),
        "; expected a divisor of ", n_visible, ", the inputs");
  check(!columns_.empty(), "predicted weights need at least one column; received none");
  check(!(learned() && base_), "a learned dictionary (LowRank) has no base; received one of ",
        base_ ? base_->cols() : 0, " atoms");
  check(!learned() || n_channels() == 1,
        "a learned dictionary (LowRank) spans the channels; received n_channels=", n_channels());
  if (base_) check_size("rows of the base", base_->rows(), n_points(), "n_visible / n_channels");
  check_separable();
  const Index n_base = base_ ? base_->cols() : n_points();
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column<Scalar>& column = columns_[j];
    const Index n_atoms = static_cast<Index>(column.atoms.size());
    check(column.n_hidden > 0, "column ", j, " must have at least one hidden unit; received ", column.n_hidden);
    check(n_atoms > 0, "column ", j, " has no atoms; give it at least one");
    for (const Index atom : column.atoms) {
      check(learned() || (atom >= 0 && atom < n_base), "column ", j, ": atom ", atom, " is outside 0 … ", n_base - 1);
    }
    if (column.mix.size() > 0) {
      check(!learned(), "column ", j, ": a learned dictionary (LowRank) has no mix");
      check_size("rows of the mix", column.mix.rows(), n_atoms, "the column's atoms");
      check_size("columns of the mix", column.mix.cols(), n_atoms, "the column's atoms");
      has_mix_ = true;
    }
    first_atom_.push_back(n_atoms_);
    first_hidden_.push_back(n_hidden_);
    offset_.push_back(n_dynamic_);
    n_atoms_ += n_channels() * n_atoms;
    n_hidden_ += column.n_hidden;
    n_dynamic_ += n_channels() * n_atoms * column.n_hidden;
  }
  if (learned()) {
    for (Index& offset : offset_) offset += n_visible * n_atoms_;
    n_dynamic_ += n_visible * n_atoms_;
  }
  if (selects()) select_inputs();
  in_order_ = selects() && n_atoms_ == n_visible && counts_up(columns_);
}

/// Points that are selected in all channels, as inputs.
template <class Scalar>
void PredictedWeights<Scalar>::select_inputs() {
  const Index c = std::exchange(structure_.n_channels, 1);
  if (c == 1) return;
  for (Column<Scalar>& column : columns_) {
    std::vector<Index> inputs;
    for (const Index point : column.atoms) {
      for (Index k = 0; k < c; ++k) inputs.push_back(point * c + k);
    }
    column.atoms = std::move(inputs);
  }
}

template <class Scalar>
void PredictedWeights<Scalar>::check_separable() const {
  if (!separable()) return;
  const auto& [y, x, pairs] = *separable();
  check(base_ != nullptr, "factors of a base were given, but no base");
  check(y.rows() * x.rows() == n_points(), "factors: received a height of ", y.rows(), " and a width of ", x.rows(),
        "; expected ", n_points(), " points, those of the base");
  check_size("pairs of factors", static_cast<Index>(pairs.size()), base_->cols(), "the base's atoms");
  for (const auto& [i, j] : pairs) {
    check(i >= 0 && i < y.cols() && j >= 0 && j < x.cols(), "pair (", i, ", ", j, ") is outside ", y.cols(), " × ",
          x.cols(), " factors");
  }
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
  Matrix<Scalar> S = Matrix<Scalar>::Zero(n_points(), n_atoms_ / n_channels());
  Index first = 0;
  for (const Column<Scalar>& column : columns_) {
    const Index n = static_cast<Index>(column.atoms.size());
    auto Sj = S.middleCols(first, n);
    for (Index k = 0; k < n; ++k) {
      if (base_) {
        Sj.col(k) = base_->col(column.atoms[at(k)]);
      } else {
        Sj(column.atoms[at(k)], k) = Scalar(1);
      }
    }
    if (column.mix.size() > 0) {
      const Matrix<Scalar> atoms = Sj;
      multiply<Scalar>(atoms, column.mix, Sj);
    }
    first += n;
  }
  return S;
}

template <class Scalar>
const Matrix<Scalar>& PredictedWeights<Scalar>::point_dictionary() const {
  check(!learned(), "the dictionary is learned: it stands in V, not here");
  std::call_once(once_, [this] {
    const bool is_base = base_ && !has_mix_ && base_->cols() * n_channels() == n_atoms_ && counts_up(columns_);
    dictionary_ = is_base ? base_ : std::make_shared<const Matrix<Scalar>>(formed());
    formed_dictionaries<Scalar>() += 1;
  });
  return *dictionary_;
}

template <class Scalar>
ConstMatrixRef<Scalar> PredictedWeights<Scalar>::point_dictionary(Index j) const {
  check(j >= 0 && j < n_columns(), "column ", j, " is outside 0 … ", n_columns() - 1);
  return point_dictionary().middleCols(first_atom(j) / n_channels(), n_atoms(j) / n_channels());
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::dictionary() const {
  return in_each_channel<Scalar>(point_dictionary(), n_channels());
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::dictionary(Index j) const {
  return in_each_channel<Scalar>(point_dictionary(j), n_channels());
}

template <class Scalar>
ConstMatrixRef<Scalar> PredictedWeights<Scalar>::dictionary_or_learned(const Scalar* V) const {
  if (!learned()) return point_dictionary();
  return ConstMatrixMap<Scalar>(V, n_visible_, n_atoms_);
}

template <class Scalar>
Index PredictedWeights<Scalar>::n_dictionaries_formed() {
  return formed_dictionaries<Scalar>();
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
  const Index c = n_channels();
  check(first % c == 0 && W.rows() % c == 0, "rows of W: received ", first, " and ", W.rows(),
        " more; expected points of ", c, " channels");
  const ConstMatrixRef<Scalar> S = dictionary_or_learned(V);
  for (Index j = 0; j < n_columns(); ++j) {
    multiply_in_channels<Scalar>(S.block(first / c, first_atom(j) / c, W.rows() / c, n_atoms(j) / c), c, v(V, j),
                                 W.middleCols(first_hidden(j), n_hidden(j)));
  }
}

template <class Scalar>
Matrix<Scalar> PredictedWeights<Scalar>::materialise(const ConstVectorRef<Scalar>& V) const {
  check_size("size of V", V.size(), n_dynamic_, "the dynamic parameters of these weights");
  Matrix<Scalar> W(n_visible_, n_hidden_);
  const Blocks points(n_points(), kRows);
  const Index c = n_channels();
  const double work = static_cast<double>(n_points()) * static_cast<double>(n_dynamic_);
  parallel_for(points.count(), threads_for(work, 0), [&](Index block) {
    const Index first = points.begin(block) * c, count = points.length(block) * c;
    materialise(V.data(), first, W.middleRows(first, count));
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
  const Index c = n_channels();
  const double work = static_cast<double>(n_points()) * static_cast<double>(n_dynamic_);
  for (Index j = 0; j < n_columns(); ++j) {
    const ConstMatrixRef<Scalar> dWj = dW.middleCols(first_hidden(j), n_hidden(j));
    const Blocks rows(n_atoms(j) / c, kRows);
    parallel_for(rows.count() * c, threads_for(work / static_cast<double>(n_columns()), 0), [&](Index task) {
      const Index first = rows.begin(task / c), count = rows.length(task / c);
      if (!learned()) return project_part(dW, j, task % c, first, count, dV.data());
      const ConstMatrixMap<Scalar> U(V.data(), n_visible_, n_atoms_);
      multiply_transposed<Scalar>(U.middleCols(first_atom(j) + first, count), dWj,
                                  v(dV.data(), j).middleRows(first, count));
      MatrixMap<Scalar> dU(dV.data(), n_visible_, n_atoms_);
      const Matrix<Scalar> Vt = v(V.data(), j).middleRows(first, count).transpose();
      multiply<Scalar>(dWj, Vt, dU.middleCols(first_atom(j) + first, count));
    });
  }
  return dV;
}

template <class Scalar>
void PredictedWeights<Scalar>::project_part(const ConstMatrixRef<Scalar>& dW, Index j, Index channel, Index first,
                                            Index count, Scalar* dV) const {
  const Index c = n_channels();
  const ConstMatrixRef<Scalar> dWj = dW.middleCols(first_hidden(j), n_hidden(j));
  auto dVj = v(dV, j).middleRows(first * c, count * c);
  if (selects()) {
    for (Index k = 0; k < count; ++k) dVj.row(k) = dWj.row(columns_[at(j)].atoms[at(first + k)]);
  } else {
    multiply_transposed_in_channel<Scalar>(point_dictionary(j).middleCols(first, count), c, channel, dWj, dVj);
  }
}

template <class Scalar>
Vector<Scalar> PredictedWeights<Scalar>::fit(const ConstMatrixRef<Scalar>& W) const {
  check(!learned(), "the dictionary is learned: there is no fixed U to fit W with");
  check_size("rows of W", W.rows(), n_visible_, "n_visible");
  check_size("columns of W", W.cols(), n_hidden_, "n_hidden");
  Vector<Scalar> V(n_dynamic_);
  for (Index j = 0; j < n_columns(); ++j) {
    const Matrix<double> Wj = W.middleCols(first_hidden(j), n_hidden(j)).template cast<double>();
    const Matrix<double> S = point_dictionary(j).template cast<double>();
    const LeastSquaresOptions options{.epsilon = std::numeric_limits<Scalar>::epsilon()};
    const ConstMatrixMap<double> of_points(Wj.data(), n_points(), n_channels() * n_hidden(j));
    MatrixMap<Scalar>(V.data() + offset(j), S.cols(), of_points.cols()) =
        least_squares(S, of_points, options).template cast<Scalar>();
  }
  return V;
}

template class PredictedWeights<float>;
template class PredictedWeights<double>;

}  // namespace ppdl
