/// @file
/// A model as training sees it: one flat θ, and sums of a loss and its gradient over some samples.
#pragma once

#include <ppdl/base/pass.hpp>
#include <ppdl/optimize/optimizer.hpp>
#include <ppdl/train/samples.hpp>
#include <ppdl/weights/predicted_weights.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace ppdl {

/// What a model keeps at hand for one data set, and what it writes during a step; each thread of control needs its own.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

/// Over some samples, each with its weight w.
struct Sums {
  double loss = 0.0;    ///< Σ w l
  double weight = 0.0;  ///< Σ w
};

template <class Scalar>
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual Index n_parameters() const = 0;
  /// Multiply-adds of a step of `batch` samples: what decides how many threads are worth waking.
  [[nodiscard]] virtual double multiply_adds(Index batch) const = 0;
  /// @throws std::invalid_argument unless inputs, labels or targets have the shapes and ranges that this model takes
  virtual void check_samples(const Samples<Scalar>& samples) const = 0;
  /// Where the V_j stand in θ: the matrices whose column norms can be bounded.
  [[nodiscard]] virtual std::vector<ColumnNorm> weight_blocks() const = 0;

  /// Made once for a data set, for steps of at most `batch` of its samples; what can be computed ahead is.
  [[nodiscard]] virtual std::unique_ptr<Workspace> workspace(const Samples<Scalar>& samples, Index batch,
                                                             int n_threads) const = 0;
  /// Plain sums over `rows`, so that parts of a batch that are computed elsewhere can be added; `gradient` (n_parameters) is
  /// overwritten by Σ w ∂l/∂θ.
  virtual Sums sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass,
                    int n_threads, Workspace& workspace, Scalar* gradient) const = 0;
  /// Of the penalty, a function of θ alone, the part that needs all of θ at once: adds its gradient to the sums over a whole
  /// batch, and returns its value.
  virtual double penalise(const Scalar* /*theta*/, Scalar* /*gradient*/) const { return 0.0; }
  /// From the sums over a whole batch to the objective's gradient, for numbers [first, first + count) of θ and in place: the
  /// mean, and the rest of the penalty, whose value is returned. Disjoint parts may be finished at the same time.
  virtual double finish(const Scalar* theta, const Sums& sums, Index first, Index count, Scalar* gradient) const;
};

/// Where the V_j of `weights` stand in a θ that holds what is learned of them from `offset` on.
template <class Scalar>
[[nodiscard]] std::vector<ColumnNorm> weight_blocks_of(const PredictedWeights<Scalar>& weights, Index offset = 0);

/// Turns a batch's sums into the objective, which is returned, and its gradient; `use(first, count)` is called for each part
/// of θ when its gradient is there, while it is in the cache.
template <class Scalar>
double finish_in_parts(const Model<Scalar>& model, const Scalar* theta, const Sums& sums, Scalar* gradient,
                       int n_threads, const std::function<void(Index first, Index count)>& use = {});

/// The objective over `rows`, and its gradient. `n_threads` <= 0 is OpenMP's limit.
template <class Scalar>
double value_and_gradient(const Model<Scalar>& model, const Scalar* theta, const Samples<Scalar>& samples,
                          const Rows& rows, const Pass& pass, int n_threads, Workspace& workspace, Scalar* gradient) {
  const Sums sums = model.sums(theta, samples, rows, pass, n_threads, workspace, gradient);
  return finish_in_parts(model, theta, sums, gradient, n_threads);
}

/// The objective over all samples, and its gradient.
template <class Scalar>
double value_and_gradient(const Model<Scalar>& model, const Scalar* theta, const Samples<Scalar>& samples,
                          const Pass& pass, int n_threads, Scalar* gradient) {
  const Rows all{.count = samples.inputs.rows()};
  const auto workspace = model.workspace(samples, all.count, n_threads);
  return value_and_gradient(model, theta, samples, all, pass, n_threads, *workspace, gradient);
}

}  // namespace ppdl
