/// @file
/// X → XW for predicted weights in one order, and its reverse, cut into tasks that need no synchronisation.
#pragma once

#include <ppdl/base/product.hpp>
#include <ppdl/weights/order.hpp>
#include <ppdl/weights/predicted_weights.hpp>

#include <memory>
#include <vector>

namespace ppdl {

/// One layer's product Z = XW, ready to be evaluated: its order, and its static part, packed. Made once a fit.
///
/// Whatever the order, Z consists of products P_c C_c: with `predict` one of X and W; else, for each column, of the pooled
/// inputs XU_j and V_j, or of the picked ones (XB)[:, α_j] and T_jV_j. (A base over points meets each channel of X by itself,
/// and XB holds the channels of an atom next to each other.) Immutable; what changes during a step lives in a
/// `Scratch`, sized once. A step calls, with the tasks of each line in any order or at the same time:
///
///     prepare(task)                          the coefficients C, from V alone
///     forward(rows), then reverse(rows)      for disjoint blocks of a group of samples
///     gradient(task)                         Σ PᵀdZ over the group, added to that of the groups before
///     finish(task)                           back to V through the static part
template <class Scalar>
class Evaluation {
 public:
  /// What a step writes.
  struct Scratch {
    Matrix<Scalar> Q, dQ;                   ///< (rows, n_base c) XB
    Matrix<Scalar> P, dP;                   ///< (rows, n_atoms)  inputs of the coefficients, columns side by side
    Vector<Scalar> C, dC;                   ///< coefficients that are not V itself: W, or T_1V_1, …, T_JV_J
    std::vector<Panels<Scalar>> right;      ///< C_c packed
    std::vector<Panels<Scalar>> right_t;    ///< C_cᵀ packed, where the inputs' gradient is wanted
    std::vector<Panels<Scalar>> gradients;  ///< dZ packed, in training
  };

  /// @param reverse_input  whether the inputs' gradient will be wanted
  Evaluation(std::shared_ptr<const PredictedWeights<Scalar>> weights, const Plan& plan, bool reverse_input = true);

  [[nodiscard]] const PredictedWeights<Scalar>& weights() const { return *weights_; }
  [[nodiscard]] const std::shared_ptr<const PredictedWeights<Scalar>>& shared_weights() const { return weights_; }
  [[nodiscard]] Order order() const { return plan_.order; }
  [[nodiscard]] bool pooled_once() const { return plan_.pooled_once; }
  /// Columns of the inputs that `forward` expects.
  [[nodiscard]] Index input_width() const;

  /// The static part of the product, XU or XB: (n, n_visible) → (n, input_width) of a product that is pooled once.
  [[nodiscard]] Matrix<Scalar> pool(const ConstMatrixRef<Scalar>& X, int n_threads) const;

  /// @param rows           samples of a group at most
  /// @param reverse_input  as in the constructor, or false where this user doesn't want it
  [[nodiscard]] Scratch scratch(Index rows, bool training, bool reverse_input) const;

  [[nodiscard]] Index n_prepare_tasks() const { return static_cast<Index>(prepare_tasks_.size()); }
  void prepare(Index task, const Scalar* V, Scratch& scratch) const;

  /// Z = XW for rows [first_row, first_row + X.rows()) of the group. Z must not alias X.
  void forward(Index first_row, const ConstMatrixRef<Scalar>& X, MatrixRef<Scalar> Z, Scratch& scratch) const;

  /// dX = dZ Wᵀ for the same rows; `dX` may be null where the input's gradient isn't wanted.
  void reverse(Index first_row, const ConstMatrixRef<Scalar>& dZ, MatrixRef<Scalar>* dX, Scratch& scratch) const;

  /// One block of the coefficients' gradient over a group, whose inputs are X.
  [[nodiscard]] Index n_gradient_tasks() const { return static_cast<Index>(gradient_tasks_.size()); }
  void gradient(Index task, const ConstMatrixRef<Scalar>& X, Scalar* dV, Into into, Scratch& scratch) const;

  /// After the last group: one block of dV.
  [[nodiscard]] Index n_finish_tasks() const { return static_cast<Index>(finish_tasks_.size()); }
  void finish(Index task, Scalar* dV, Scratch& scratch) const;

 private:
  /// Coefficients C_c (n_inputs, n_hidden), and where their inputs and outputs stand.
  struct Part {
    Index first_input, n_inputs;
    Index first_hidden, n_hidden;
    Index offset;  ///< in V, or in `Scratch::C`
  };
  /// Rows [first, first + count) of a part's coefficients; or atoms of a column's V, in one channel.
  struct Task {
    Index part, first, count;
    Index channel = 0;
  };

  [[nodiscard]] bool mixes(Index j) const;
  /// Whether the coefficients meet the inputs as they come.
  [[nodiscard]] bool aliases_input() const;
  /// U or B over the points, which X is multiplied with for each batch, or once; null where there is none.
  [[nodiscard]] const Matrix<Scalar>* static_part() const;
  void gather(const ConstMatrixRef<Scalar>& Q, MatrixRef<Scalar> P) const;
  void scatter(const ConstMatrixRef<Scalar>& dP, MatrixRef<Scalar> dQ) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  Plan plan_;
  std::vector<Part> parts_;
  std::vector<Task> prepare_tasks_, gradient_tasks_, finish_tasks_;
  std::vector<Index> atoms_;                 ///< α_1 … α_J in all channels, order `shared`
  Panels<Scalar> static_panels_, static_t_;  ///< U or B, and its transpose, where they are used for each batch
};

}  // namespace ppdl
