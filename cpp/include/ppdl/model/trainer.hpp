/// @file
/// Mini-batch training: one optimiser, one model, an epoch at a time.
#pragma once

#include <ppdl/model/model.hpp>
#include <ppdl/optimize/optimizer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace ppdl {

struct EpochOptions {
  Index batch_size = 100;
  std::uint64_t seed = 0;  ///< of the dropout masks
  int n_threads = 0;       ///< <= 0: OpenMP's limit
};

/// Sizes its buffers at the first epoch; steps allocate nothing of the size of θ.
template <class Scalar>
class Trainer {
 public:
  /// @param max_column_norm  bound on the norm of V's columns, applied after each step; 0 for none
  Trainer(std::shared_ptr<const Model<Scalar>> model, std::shared_ptr<Optimizer<Scalar>> optimizer,
          double max_column_norm = 0.0);

  /// Goes once through `order`, batch after batch, and changes θ.
  ///
  /// @param theta  (n_parameters)
  /// @param order  rows of the samples, in the order of use
  /// @param rates  learning rate of each batch: ⌈order / batch_size⌉ of them
  /// @param poll   called between batches; what it throws ends the epoch, with θ as it is then
  /// @return       mean loss over the samples, by their weights, each batch at the θ that it met
  /// @throws NumericalError when a batch's loss is not finite
  double epoch(VectorRef<Scalar> theta, const Samples<Scalar>& samples, std::span<const Index> order,
               std::span<const double> rates, const EpochOptions& options, const std::function<void()>& poll = {});

  [[nodiscard]] Optimizer<Scalar>& optimizer() { return *optimizer_; }
  [[nodiscard]] Index n_steps() const { return n_steps_; }
  void set_n_steps(Index n_steps) { n_steps_ = n_steps; }
  /// Bytes of gradient and optimiser state.
  [[nodiscard]] std::size_t state_bytes() const;

 private:
  std::shared_ptr<const Model<Scalar>> model_;
  std::shared_ptr<Optimizer<Scalar>> optimizer_;
  double max_column_norm_;
  std::vector<ColumnNorm> blocks_;
  Vector<Scalar> gradient_;
  std::unique_ptr<Workspace> workspace_;
  Index workspace_batch_ = 0;
  Index n_steps_ = 0;
};

}  // namespace ppdl
