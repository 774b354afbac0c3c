/// @file
/// Reconstruction ICA (Le, Karpenko, Ngiam and Ng 2011) with predicted weights (paper, Sec. 4.3), over one data set.
#pragma once

#include <ppdl/weights/product.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ppdl {

/// What measures how far a component's values z are from a Gaussian's.
enum class Contrast {
  smooth_l1,    ///< √(z² + ε)
  logcosh,      ///< log cosh z
  exponential,  ///< −exp(−z²/2)
};

/// @throws std::invalid_argument unless the name is one of smooth-l1, logcosh, exp
[[nodiscard]] Contrast contrast_from_string(std::string_view name);

struct RicaOptions {
  Contrast contrast = Contrast::smooth_l1;
  double contrast_epsilon = 1e-5;  ///< ε of smooth_l1, > 0
  double sparsity = 0.05;          ///< λ, >= 0
  double norm_epsilon = 1e-5;      ///< added to ‖w‖² before its root, > 0
  double memory_limit = 1e9;       ///< bytes that the pooled data may take

  /// @throws std::invalid_argument naming the option and the received value
  void validate() const;
};

/// The two terms of the objective, each a mean over samples.
struct RicaTerms {
  double contrast = 0.0;        ///< λ Σ_i σ_i g(z_i)
  double reconstruction = 0.0;  ///< ½ ‖W̃W̃ᵀx − x‖²
};

/// f(V) = mean over samples x of λ Σ_i σ_i g(w̃_iᵀx) + ½ ‖W̃W̃ᵀx − x‖², with w̃_i = w_i / √(‖w_i‖² + ε) and W = UV.
///
/// The samples enter the second term only through C = mean of xxᵀ, which is made once: with B = W̃W̃ᵀ − I it is ½ tr(BCB),
/// and its gradient (BC + CB)W̃, both in double whatever the samples' precision. What is left for every sample and
/// evaluation are two products, Z = PṼ and PᵀdZ, where P = XU is the data pooled once (X itself for the identity), so that
/// they shrink with the learned share. Z is made and consumed block by block: memory does not grow with the number of
/// samples. Sums are taken in an order that the sizes alone decide: the same bits for any number of threads.
template <class Scalar>
class RicaObjective {
 public:
  /// @param weights  (n_visible, n_components)
  /// @param X        (n_samples, n_visible); must outlive the objective
  /// @param signs    (n_components) σ_i, 1 for components more peaked than a Gaussian, −1 for flatter ones; or empty for ones
  /// @throws std::invalid_argument if shapes disagree or an option is out of range
  RicaObjective(std::shared_ptr<const PredictedWeights<Scalar>> weights, const ConstMatrixRef<Scalar>& X,
                const RicaOptions& options, const Vector<Scalar>& signs, int n_threads);

  [[nodiscard]] Index n_parameters() const { return weights_->n_dynamic(); }
  /// Whether the data is pooled once; otherwise it is X itself, and W is predicted at each evaluation.
  [[nodiscard]] bool pools_input() const { return pooled_.size() > 0; }

  /// f(V) and its gradient. `poll` is called now and then; what it throws ends the evaluation.
  double value_and_gradient(const ConstVectorRef<Scalar>& V, VectorRef<Scalar> gradient, int n_threads,
                            const std::function<void()>& poll = {}) const;
  /// The terms of f(V).
  [[nodiscard]] RicaTerms terms(const ConstVectorRef<Scalar>& V, int n_threads,
                                const std::function<void()>& poll = {}) const;
  /// W̃, shape (n_visible, n_components).
  [[nodiscard]] Matrix<Scalar> normalised_weights(const ConstVectorRef<Scalar>& V, int n_threads) const;

 private:
  /// Some units of one column of W, and where their coefficients stand: rows of `stride` numbers from `offset` on.
  struct Tile {
    Index first_input, n_inputs;
    Index first_unit, n_units;
    Index offset, stride;
  };
  struct State;

  [[nodiscard]] State evaluate(const Scalar* V, int n_threads, const std::function<void()>& poll) const;
  void predict(const Scalar* V, State& state, int n_threads) const;
  void add_contrast(State& state, int n_threads, const std::function<void()>& poll) const;
  double contrast_of_block(Index first, Index count, const Tile& tile, const State& state, Scalar* Z,
                           Scalar* gradient) const;
  void add_reconstruction(State& state, int n_threads) const;
  void assemble(const Scalar* V, State& state, Scalar* gradient, int n_threads) const;
  [[nodiscard]] ConstMatrixRef<Scalar> inputs() const { return pools_input() ? ConstMatrixRef<Scalar>(pooled_) : X_; }
  /// Numbers in the layout of the tiles: as V where the data is pooled, else as W.
  [[nodiscard]] Index n_coefficients() const {
    return pools_input() ? n_parameters() : weights_->n_visible() * weights_->n_hidden();
  }

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  ConstMatrixRef<Scalar> X_;
  RicaOptions options_;
  Vector<Scalar> contrast_weights_;         ///< λσ_i / n_samples
  std::optional<Product<Scalar>> product_;  ///< V → W, and dW → dV; none for the identity
  Matrix<Scalar> pooled_;                   ///< XU, or empty
  Matrix<double> moment_;                   ///< C, (n_visible, n_visible)
  std::vector<Tile> tiles_;
};

}  // namespace ppdl
