/// @file
/// Reconstruction ICA (Le, Karpenko, Ngiam and Ng 2011) with predicted weights (paper, Sec. 4.3).
#pragma once

#include <ppdl/train/model.hpp>
#include <ppdl/weights/evaluation.hpp>

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
  double contrast_epsilon = 1e-2;  ///< ε of smooth_l1, > 0
  double sparsity = 0.1;           ///< λ, >= 0
  double norm_epsilon = 1e-8;      ///< added to ‖w‖² before its root, > 0
  double memory_limit = 0x1p30;    ///< bytes that the pooled data may take

  /// @throws std::invalid_argument naming the option and the received value
  void validate() const;
};

/// The two terms of the objective, each a mean over samples.
struct RicaTerms {
  double contrast = 0.0;        ///< λ Σ_i σ_i g(z_i)
  double reconstruction = 0.0;  ///< ½ ‖W̃W̃ᵀx − x‖²
};

/// f(V) = mean over samples x of λ Σ_i σ_i g(w̃_iᵀx) + ½ ‖W̃W̃ᵀx − x‖², with w̃_i = w_i / √(‖w_i‖² + ε) and W = UV; θ is V.
///
/// The samples enter the second term only through C = mean of xxᵀ: with B = W̃W̃ᵀ − I it is ½ tr(BCB), and its gradient
/// (BC + CB)W̃, both in double whatever the samples' precision. What is left for every sample and evaluation are two
/// products, Z = PṼ and PᵀdZ, where P = XU is the data pooled once (X itself for the identity), so that they shrink with the
/// learned share. For a whole data set C and P are made once, with the workspace; for mini-batches, for each of them. Z is
/// made and consumed block by block: memory does not grow with the number of samples. Sums are taken in an order that the
/// sizes alone decide: the same bits for any number of threads.
template <class Scalar>
class Rica final : public Model<Scalar> {
 public:
  /// @param weights  (n_visible, n_components)
  /// @param signs    (n_components) σ_i, 1 for components more peaked than a Gaussian, −1 for flatter ones; or empty for ones
  /// @throws std::invalid_argument if shapes disagree or an option is out of range
  Rica(std::shared_ptr<const PredictedWeights<Scalar>> weights, const RicaOptions& options,
       const Vector<Scalar>& signs);

  [[nodiscard]] Index n_parameters() const override { return weights_->n_dynamic(); }
  [[nodiscard]] double multiply_adds(Index batch) const override;
  void check_samples(const Samples<Scalar>& samples) const override;
  [[nodiscard]] std::vector<ColumnNorm> weight_blocks() const override;
  [[nodiscard]] std::unique_ptr<Workspace> workspace(const Samples<Scalar>& samples, Index batch,
                                                     int n_threads) const override;
  Sums sums(const Scalar* V, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass, int n_threads,
            Workspace& workspace, Scalar* gradient) const override;

  /// Whether so many samples are pooled once; otherwise they are met as they are, by predicted weights.
  [[nodiscard]] bool pools(Index n_samples) const;
  /// The terms of f(V) over all of X.
  [[nodiscard]] RicaTerms terms(const ConstVectorRef<Scalar>& V, const ConstMatrixRef<Scalar>& X, int n_threads) const;
  /// W̃, shape (n_visible, n_components).
  [[nodiscard]] Matrix<Scalar> normalised_weights(const ConstVectorRef<Scalar>& V) const;

 private:
  /// Some units of one column of W, and where their coefficients stand: rows of `stride` numbers from `offset` on.
  struct Tile {
    Index first_input, n_inputs;
    Index first_unit, n_units;
    Index offset, stride;
  };
  struct Look;   // at some samples: what follows from them alone
  struct State;  // of one evaluation

  [[nodiscard]] Look look(const ConstMatrixRef<Scalar>& X, bool pools, int n_threads) const;
  [[nodiscard]] std::vector<Tile> tiles(bool pooled) const;
  void evaluate(const Scalar* V, const Look& look, int n_threads, State& state) const;
  void predict(const Scalar* V, bool pooled, State& state) const;
  void add_contrast(const Look& look, int n_threads, State& state) const;
  double contrast_of_block(const ConstMatrixRef<Scalar>& P, const Tile& tile, const Panels<Scalar>& coefficients,
                           Scalar* Z, Scalar* gradient) const;
  void add_reconstruction(const Look& look, int n_threads, State& state) const;
  void assemble(const Scalar* V, const Look& look, State& state, Scalar* gradient) const;

  std::shared_ptr<const PredictedWeights<Scalar>> weights_;
  RicaOptions options_;
  Vector<Scalar> contrast_weights_;            ///< λσ_i
  std::optional<Evaluation<Scalar>> pooling_;  ///< X → XU; none for the identity and for a U that is learned
};

}  // namespace ppdl
