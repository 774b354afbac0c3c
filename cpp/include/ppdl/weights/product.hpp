/// @file
/// X → XW for predicted weights in one order of evaluation, and its reverse, cut into tasks that need no synchronisation.
#pragma once

#include <ppdl/weights/order.hpp>
#include <ppdl/weights/predicted_weights.hpp>

#include <memory>
#include <vector>

namespace ppdl {

/// Weight decay, added to the gradient: `scale` V, or `scale` UᵀU V (the gradient of ‖UV‖²/2).
template <class Scalar>
struct Decay {
  Scalar scale = 0;
  bool predicted = false;
};

/// One layer's product Z = XW in a fixed order.
///
/// Immutable; what changes during a step lives in a `Buffers`, sized once. A step calls, with the tasks of each line in
/// any order or at the same time:
///
///     prepare(task)            what depends on V alone
///     forward(rows), then reverse(rows)      for disjoint blocks of the batch's rows
///     gradient(task)           over the whole batch
///     finish(task)             back through the static part
template <class Scalar>
class Product {
 public:
  struct Buffers {
    Matrix<Scalar> Q;   ///< (batch, n_base)     XB
    Matrix<Scalar> P;   ///< (batch, n_atoms)    pooled input, columns side by side
    Matrix<Scalar> dQ;  ///< (batch, n_base)
    Matrix<Scalar> dP;  ///< (batch, n_atoms)
    Matrix<Scalar> W;   ///< (n_visible, n_hidden), order `predict`
    Matrix<Scalar> dW;  ///< (n_visible, n_hidden), order `predict`
    Vector<Scalar> M;   ///< V mixed, T_jV_j, laid out as V
    Vector<Scalar> dM;  ///< its gradient
  };

  /// @param pooled_once  the inputs that `forward` gets are pooled already: `pool(X)`
  Product(std::shared_ptr<const PredictedWeights<Scalar>> weights, Order order, bool pooled_once = false);

  [[nodiscard]] const PredictedWeights<Scalar>& weights() const { return *weights_; }
  [[nodiscard]] Order order() const { return order_; }
  [[nodiscard]] bool pooled_once() const { return pooled_once_; }
  /// U_j as it was computed for the orders `predict` and `pool`.
  [[nodiscard]] auto dictionary(Index j) const { return U_.middleCols(weights_->first_atom(j), weights_->n_atoms(j)); }
  /// Columns of the inputs that `forward` expects.
  [[nodiscard]] Index input_width() const;

  /// The static part of the product, XU or XB: (n, n_visible) → (n, input_width) of a product that is pooled once.
  [[nodiscard]] Matrix<Scalar> pool(const ConstMatrixRef<Scalar>& X, int n_threads) const;

  /// Keep UᵀU at hand, so that `gradient` can decay the predicted weights.
  void prepare_predicted_decay();

  [[nodiscard]] Buffers buffers(Index batch, bool training, bool reverse_input) const;

  [[nodiscard]] Index n_prepare_tasks() const { return static_cast<Index>(prepare_.size()); }
  void prepare(Index task, const Scalar* V, Buffers& buffers) const;

  /// Z = XW for rows [first_row, first_row + X.rows()) of the batch. Z must not alias X.
  void forward(Index first_row, const ConstMatrixRef<Scalar>& X, const Scalar* V, MatrixRef<Scalar> Z,
               Buffers& buffers) const;

  /// dX = dZ Wᵀ for the same rows; `dX` may be null where the input's gradient isn't wanted.
  void reverse(Index first_row, const ConstMatrixRef<Scalar>& dZ, const Scalar* V, MatrixRef<Scalar>* dX,
               Buffers& buffers) const;

  /// One block of dV = (XU)ᵀdZ + decay. Returns that block's share of the penalty.
  [[nodiscard]] Index n_gradient_tasks() const { return static_cast<Index>(gradient_.size()); }
  double gradient(Index task, const ConstMatrixRef<Scalar>& X, const ConstMatrixRef<Scalar>& dZ, const Scalar* V,
                  Scalar* dV, const Decay<Scalar>& decay, Buffers& buffers) const;

  [[nodiscard]] Index n_finish_tasks() const { return static_cast<Index>(finish_.size()); }
  double finish(Index task, const Scalar* V, Scalar* dV, const Decay<Scalar>& decay, Buffers& buffers) const;

 private:
  /// Rows [first, first + count) of column j's part of something: of V_j, or of U_j where `of_u`.
  struct Task {
    Index column;
    Index first;
    Index count;
    bool of_u;
  };

  [[nodiscard]] bool mixes(Index j) const;
  [[nodiscard]] bool aliases_input() const { return order_ != Order::predict && weights_->is_identity(); }
  [[nodiscard]] ConstMatrixMap<Scalar> coefficients(const Scalar* V, Index j, const Buffers& buffers) const;
  void gather(const ConstMatrixRef<Scalar>& Q, MatrixRef<Scalar> P) const;
  double decayed(const Task& task, const Scalar* V, Scalar* dV, const Decay<Scalar>& decay) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  Order order_;
  bool pooled_once_;
  Matrix<Scalar> U_;                  ///< [U_1 … U_J], orders `predict` and `pool` with a static dictionary
  std::vector<Index> atoms_;          ///< α_1 … α_J, order `shared`
  std::vector<Matrix<Scalar>> gram_;  ///< U_jᵀU_j, for the decay of the predicted weights
  std::vector<Task> prepare_, gradient_, finish_;
};

}  // namespace ppdl
