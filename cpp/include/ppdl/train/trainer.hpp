/// @file
/// Mini-batch training: one optimiser, one model, one data set, an epoch at a time.
#pragma once

#include <ppdl/optimize/optimizer.hpp>
#include <ppdl/train/model.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ppdl {

struct TrainerOptions {
  Index batch_size = 100;
  double max_column_norm = 0.0;  ///< bound on the norm of V's columns, applied after each step; 0 for none
  int n_threads = 0;             ///< <= 0: OpenMP's limit
};

/// Looks at the data set once, when it is made; steps allocate nothing of the size of θ.
template <class Scalar>
class Trainer {
 public:
  /// @param samples  views; the arrays must outlive the trainer
  /// @throws std::invalid_argument if the samples are not what the model takes, or an option is out of range
  Trainer(std::shared_ptr<const Model<Scalar>> model, std::shared_ptr<Optimizer<Scalar>> optimizer,
          const Samples<Scalar>& samples, const TrainerOptions& options);

  /// Goes once through `order`, batch after batch, and changes θ. An interrupt between batches leaves θ as it is then.
  ///
  /// @param theta  (n_parameters)
  /// @param order  rows of the samples, in the order of use
  /// @param rates  learning rate of each batch: ⌈order / batch_size⌉ of them
  /// @param seed   of the numbers that layers draw, such as dropout masks
  /// @return       mean loss over the samples, by their weights, each batch at the θ that it met
  /// @throws NumericalError when a batch's loss is not finite
  double epoch(VectorRef<Scalar> theta, std::span<const Index> order, std::span<const double> rates,
               std::uint64_t seed = 0);

  [[nodiscard]] Optimizer<Scalar>& optimizer() { return *optimizer_; }
  [[nodiscard]] Index n_steps() const { return n_steps_; }
  void set_n_steps(Index n_steps) { n_steps_ = n_steps; }
  /// Bytes of gradient and optimiser state.
  [[nodiscard]] std::size_t state_bytes() const;

 private:
  std::shared_ptr<const Model<Scalar>> model_;
  std::shared_ptr<Optimizer<Scalar>> optimizer_;
  Samples<Scalar> samples_;
  TrainerOptions options_;
  std::vector<ColumnNorm> blocks_;
  Vector<Scalar> gradient_;
  int n_threads_;
  std::unique_ptr<Workspace> workspace_;
  Index n_steps_ = 0;
};

}  // namespace ppdl
