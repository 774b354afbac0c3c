/// @file
/// Predicted weights, W = [U_1 V_1 … U_J V_J] (paper, Sec. 2 and 3.4): the U_j are fixed, the V_j are learned.
#pragma once

#include <ppdl/base/types.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace ppdl {

/// One column of the paper's Sec. 3.4: U_j = B[:, atoms] mix, for `n_hidden` hidden units.
template <class Scalar>
struct Column {
  Index n_hidden = 0;
  std::vector<Index> atoms;  ///< indices of the base's atoms (of the points, where there is no base)
  Matrix<Scalar> mix;        ///< (n_atoms, n_atoms), or empty for the identity
};

/// A base over a grid whose atoms are outer products: B[(r, s), a] = factors_y[r, y] factors_x[s, x], (y, x) = pairs[a].
template <class Scalar>
struct Separable {
  Matrix<Scalar> factors_y;                 ///< (height, n_y)
  Matrix<Scalar> factors_x;                 ///< (width, n_x)
  std::vector<std::array<Index, 2>> pairs;  ///< of each atom of B
};

/// What is known of U beside base and columns.
template <class Scalar>
struct Structure {
  /// U is learned too: then there is no base, and only the number of a column's atoms counts.
  bool learned = false;
  /// c: U_j = S_j ⊗ I_c with S_j = B[:, atoms] mix over the points alone, and the c inputs of a point next to each other.
  Index n_channels = 1;
  std::optional<Separable<Scalar>> separable = {};  ///< of the base
};

/// The static side of one weight matrix, and the algebra between V and W.
///
/// A dictionary that is the same in each of c channels, U_j = S_j ⊗ I_c, is held over the points alone: V_j, of shape
/// (n_atoms, n_hidden), is in the same memory V'_j of shape (n_atoms / c, c n_hidden), and W'_j = S_j V'_j likewise.
///
/// V is a flat vector: V_1, …, V_J, each (n_atoms_j, n_hidden_j) row-major. Where the dictionary is learned (the paper's
/// LowRank), [U_1 … U_J] (n_visible, n_atoms) stands before them. Immutable but for [U_1 … U_J], which is formed when it is
/// first asked for, once; share it through `std::shared_ptr<const …>`.
template <class Scalar>
class PredictedWeights {
 public:
  /// @param n_visible  inputs of the layer, n_points c
  /// @param columns    at least one; atoms in range. Where they only select points in several channels, they become the
  ///                   inputs that they select, in one channel.
  /// @param base       (n_points, n_base) or null for the identity
  /// @throws std::invalid_argument if shapes disagree or an index is out of range
  PredictedWeights(Index n_visible, std::vector<Column<Scalar>> columns, std::shared_ptr<const Matrix<Scalar>> base,
                   Structure<Scalar> structure = {});

  /// The ordinary layer: one column, the identity dictionary.
  [[nodiscard]] static std::shared_ptr<const PredictedWeights> identity(Index n_visible, Index n_hidden);

  [[nodiscard]] Index n_visible() const { return n_visible_; }
  [[nodiscard]] Index n_hidden() const { return n_hidden_; }
  [[nodiscard]] Index n_channels() const { return structure_.n_channels; }
  [[nodiscard]] Index n_points() const { return n_visible_ / n_channels(); }
  [[nodiscard]] Index n_columns() const { return static_cast<Index>(columns_.size()); }
  /// Atoms of all columns together, in all channels.
  [[nodiscard]] Index n_atoms() const { return n_atoms_; }
  /// Numbers that are learned (V, and U where it is learned).
  [[nodiscard]] Index n_dynamic() const { return n_dynamic_; }
  /// Numbers of U that are fixed: n_visible per atom and column; 0 where U only selects inputs.
  [[nodiscard]] Index n_static() const { return learned() || selects() ? 0 : n_visible_ * n_atoms_; }
  [[nodiscard]] bool learned() const { return structure_.learned; }
  /// Whether W = V: the identity dictionary in one column.
  [[nodiscard]] bool is_identity() const { return in_order_ && columns_.size() == 1; }
  /// Whether the atoms of all columns, side by side, are the inputs as they stand.
  [[nodiscard]] bool in_order() const { return in_order_; }
  /// Whether the atoms are inputs, so that XU only selects columns of X.
  [[nodiscard]] bool selects() const { return !learned() && !base_ && !has_mix_; }
  /// Whether any column mixes its atoms (T_j is not the identity).
  [[nodiscard]] bool has_mix() const { return has_mix_; }
  [[nodiscard]] const std::vector<Column<Scalar>>& columns() const { return columns_; }
  [[nodiscard]] const std::shared_ptr<const Matrix<Scalar>>& base() const { return base_; }
  [[nodiscard]] const std::optional<Separable<Scalar>>& separable() const { return structure_.separable; }

  /// Where column j begins: among the atoms of all channels, among the hidden units, in V.
  [[nodiscard]] Index first_atom(Index j) const { return first_atom_[static_cast<std::size_t>(j)]; }
  [[nodiscard]] Index first_hidden(Index j) const { return first_hidden_[static_cast<std::size_t>(j)]; }
  [[nodiscard]] Index offset(Index j) const { return offset_[static_cast<std::size_t>(j)]; }
  [[nodiscard]] Index n_atoms(Index j) const {
    return n_channels() * static_cast<Index>(columns_[static_cast<std::size_t>(j)].atoms.size());
  }
  [[nodiscard]] Index n_hidden(Index j) const { return columns_[static_cast<std::size_t>(j)].n_hidden; }

  /// V_j inside the flat V.
  [[nodiscard]] ConstMatrixMap<Scalar> v(const Scalar* V, Index j) const;
  [[nodiscard]] MatrixMap<Scalar> v(Scalar* V, Index j) const;

  /// [S_1 … S_J] over the points, shape (n_points, n_atoms / c), formed at the first call; of a static dictionary.
  [[nodiscard]] const Matrix<Scalar>& point_dictionary() const;
  /// S_j, shape (n_points, n_atoms_j / c).
  [[nodiscard]] ConstMatrixRef<Scalar> point_dictionary(Index j) const;
  /// [U_1 … U_J], shape (n_visible, n_atoms), made anew.
  [[nodiscard]] Matrix<Scalar> dictionary() const;
  /// U_j, shape (n_visible, n_atoms_j), made anew.
  [[nodiscard]] Matrix<Scalar> dictionary(Index j) const;
  /// How often a [S_1 … S_J] was formed, by all weights of this precision in the process.
  [[nodiscard]] static Index n_dictionaries_formed();

  /// W = [U_1 V_1 … U_J V_J], shape (n_visible, n_hidden).
  [[nodiscard]] Matrix<Scalar> materialise(const ConstVectorRef<Scalar>& V) const;
  /// Rows [first, first + W.rows()) of W, whole points.
  void materialise(const Scalar* V, Index first, MatrixRef<Scalar> W) const;
  /// dV from dW: dV_j = U_jᵀ dW_j (and dU_j = dW_j V_jᵀ where learned).
  [[nodiscard]] Vector<Scalar> project(const ConstMatrixRef<Scalar>& dW, const ConstVectorRef<Scalar>& V) const;
  /// The part of dV that belongs to atoms [first, first + count) of column j in one channel; of a static dictionary.
  ///
  /// @param dV  (n_dynamic)  whose other parts are left alone
  void project_part(const ConstMatrixRef<Scalar>& dW, Index j, Index channel, Index first, Index count,
                    Scalar* dV) const;
  /// V whose UV is nearest to W in the least-squares sense, among those of bounded length; of a static dictionary.
  [[nodiscard]] Vector<Scalar> fit(const ConstMatrixRef<Scalar>& W) const;

 private:
  void select_inputs();
  void check_separable() const;
  [[nodiscard]] Matrix<Scalar> formed() const;
  [[nodiscard]] ConstMatrixRef<Scalar> dictionary_or_learned(const Scalar* V) const;

  Index n_visible_ = 0;
  Index n_hidden_ = 0;
  Index n_atoms_ = 0;
  Index n_dynamic_ = 0;
  bool in_order_ = false;
  bool has_mix_ = false;
  Structure<Scalar> structure_;
  std::vector<Column<Scalar>> columns_;
  std::shared_ptr<const Matrix<Scalar>> base_;
  std::vector<Index> first_atom_, first_hidden_, offset_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const Matrix<Scalar>> dictionary_;
};

}  // namespace ppdl
