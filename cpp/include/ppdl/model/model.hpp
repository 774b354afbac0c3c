/// @file
/// A model as an optimiser sees it: one flat θ, f(θ) and its gradient on some samples.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/model/samples.hpp>
#include <ppdl/optimize/optimizer.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace ppdl {

/// Buffers of one model for batches up to some size; each thread of control needs its own.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

/// What one evaluation needs besides θ and the samples.
struct Step {
  Pass pass;
  double total_weight = 1.0;  ///< the loss is Σ w_i l_i / total_weight
  bool decay = true;          ///< add the penalty
  int n_threads = 0;          ///< <= 0: OpenMP's limit
};

template <class Scalar>
class Model {
 public:
  virtual ~Model() = default;

  [[nodiscard]] virtual Index n_parameters() const = 0;
  /// Columns of the inputs: the data's own, or those of the pooled data.
  [[nodiscard]] virtual Index input_width() const = 0;
  /// Multiply-adds of `value_and_gradient` on a batch: what decides how many threads are worth waking.
  [[nodiscard]] virtual double multiply_adds(Index batch) const = 0;
  [[nodiscard]] virtual std::unique_ptr<Workspace> workspace(Index batch) const = 0;

  /// Loss over `rows` divided by `step.total_weight`, plus the penalty; `gradient` (n_parameters) is overwritten.
  virtual double value_and_gradient(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows,
                                    const Step& step, Workspace& workspace, Scalar* gradient) const = 0;

  /// @throws std::invalid_argument unless inputs, labels or targets have the shapes and ranges that this model takes
  virtual void check_samples(const Samples<Scalar>& samples) const = 0;

  /// Where the V_j stand in θ: the matrices whose column norms can be bounded.
  [[nodiscard]] virtual std::vector<ColumnNorm> weight_blocks() const = 0;
};

/// f and gradient over all samples, a bounded number of them at a time. `poll` is called between the parts; what it throws
/// ends the evaluation.
template <class Scalar>
double full_value_and_gradient(const Model<Scalar>& model, const Scalar* theta, const Samples<Scalar>& samples,
                               const Pass& pass, int n_threads, Scalar* gradient,
                               const std::function<void()>& poll = {});

}  // namespace ppdl
