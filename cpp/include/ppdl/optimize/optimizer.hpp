/// @file
/// First-order optimisers over a flat parameter vector: `Sgd`, `Adam`, and the constraint on column norms.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ppdl {

/// What an optimiser remembers between steps, for checkpoints: a step count and named arrays of the size of θ.
template <class Scalar>
struct OptimizerState {
  Index n_steps = 0;
  std::vector<std::pair<std::string, Vector<Scalar>>> arrays;
};

/// Changes θ by one gradient at a time. It sees vectors only, never the model.
template <class Scalar>
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Forgets all steps and sizes the state for `n` parameters; no later call of `step` allocates.
  virtual void reset(Index n) = 0;

  /// Number of parameters that the state was sized for.
  [[nodiscard]] virtual Index size() const = 0;

  /// One step downhill, in one pass over θ, on up to `n_threads` threads (`<= 0`: OpenMP's limit). The result is the
  /// same bits for any number of threads.
  ///
  /// @param theta     (n)  parameters, changed in place
  /// @param gradient  (n)  gradient of the objective at θ; must not alias θ
  /// @param rate      learning rate of this step
  /// @throws std::invalid_argument if a size differs from that given to `reset`
  void step(VectorRef<Scalar> theta, const ConstVectorRef<Scalar>& gradient, double rate, int n_threads);
  /// The same for a caller with a loop of its own: `begin` once, then `update` for disjoint parts of θ, in any order.
  virtual void begin(double rate) = 0;
  /// @param first     of the part's numbers
  /// @param theta     (n)  all of θ
  /// @param gradient  (n)
  virtual void update(Index first, Index count, Scalar* theta, const Scalar* gradient) = 0;

  /// A copy of everything that the next steps depend on.
  [[nodiscard]] virtual OptimizerState<Scalar> state() const = 0;

  /// Continues from a state that `state()` returned.
  /// @throws std::invalid_argument if names or sizes of the arrays are not those of this optimiser
  virtual void load_state(const OptimizerState<Scalar>& state) = 0;

  /// Memory that the state takes.
  [[nodiscard]] virtual std::size_t state_bytes() const = 0;
};

/// Options of `Sgd`.
struct SgdOptions {
  double momentum = 0.9;  ///< μ in [0, 1]; 0 keeps no velocity
  bool nesterov = false;  ///< whether the step looks ahead along the new velocity

  /// @throws std::invalid_argument naming the option and the received value
  void validate() const;
  bool operator==(const SgdOptions&) const = default;
};

/// Gradient descent with momentum, as in scikit-learn's multilayer perceptron: v ← μv − ηg, then θ ← θ + v, or with
/// Nesterov's momentum θ ← θ + μv − ηg. Without momentum there is no velocity, only θ ← θ − ηg.
template <class Scalar>
class Sgd final : public Optimizer<Scalar> {
 public:
  explicit Sgd(const SgdOptions& options = {});
  [[nodiscard]] const SgdOptions& options() const { return options_; }

  void reset(Index n) override;
  [[nodiscard]] Index size() const override { return size_; }
  void begin(double rate) override;
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) override;
  [[nodiscard]] OptimizerState<Scalar> state() const override;
  void load_state(const OptimizerState<Scalar>& state) override;
  [[nodiscard]] std::size_t state_bytes() const override;

 private:
  SgdOptions options_;
  Index size_ = 0;
  Index n_steps_ = 0;
  Scalar rate_ = 0;          // of the step under way
  Vector<Scalar> velocity_;  // empty without momentum
};

/// Options of `Adam`.
struct AdamOptions {
  double beta_1 = 0.9;    ///< β₁ in [0, 1): decay of the mean of gradients
  double beta_2 = 0.999;  ///< β₂ in [0, 1): decay of the mean of squared gradients
  double epsilon = 1e-8;  ///< ε > 0: keeps the denominator from zero

  /// @throws std::invalid_argument naming the option and the received value
  void validate() const;
  bool operator==(const AdamOptions&) const = default;
};

/// Adam (Kingma and Ba 2015) in the form that scikit-learn uses: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
/// θ ← θ − η_t m / (√v + ε) with η_t = η √(1−β₂ᵗ) / (1−β₁ᵗ).
template <class Scalar>
class Adam final : public Optimizer<Scalar> {
 public:
  explicit Adam(const AdamOptions& options = {});
  [[nodiscard]] const AdamOptions& options() const { return options_; }

  void reset(Index n) override;
  [[nodiscard]] Index size() const override { return mean_.size(); }
  void begin(double rate) override;
  void update(Index first, Index count, Scalar* theta, const Scalar* gradient) override;
  [[nodiscard]] OptimizerState<Scalar> state() const override;
  void load_state(const OptimizerState<Scalar>& state) override;
  [[nodiscard]] std::size_t state_bytes() const override;

 private:
  AdamOptions options_;
  Index n_steps_ = 0;
  Scalar rate_ = 0;             // η_t of the step under way
  Vector<Scalar> mean_;         // m
  Vector<Scalar> mean_square_;  // v
};

/// Where in θ a row-major matrix stands whose columns (the weights into one hidden unit) have bounded norms.
struct ColumnNorm {
  Index offset = 0;
  Index rows = 0;
  Index cols = 0;
};

/// Rescales to 2-norm `max_norm` each column that is longer, and leaves the others as they are. Allocates nothing.
///
/// @param theta     parameters, changed in place
/// @param blocks    the matrices inside θ; each must lie within it
/// @param max_norm  > 0
template <class Scalar>
void limit_column_norms(VectorRef<Scalar> theta, std::span<const ColumnNorm> blocks, double max_norm, int n_threads);

/// Numbers of θ that a loop over its parts takes at a time; a few such pieces of vectors fit into a core's own cache.
inline constexpr Index kOptimizerPart = 4096;

extern template class Optimizer<float>;
extern template class Optimizer<double>;
extern template class Sgd<float>;
extern template class Sgd<double>;
extern template class Adam<float>;
extern template class Adam<double>;

}  // namespace ppdl
