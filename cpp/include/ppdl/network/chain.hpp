/// @file
/// Layers one after the other, and the parallel loops that run them on samples.
#pragma once

#include <ppdl/layer/layer.hpp>
#include <ppdl/train/model.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace ppdl {

/// What a chain keeps and writes: the data set's static part, and buffers for one group of samples.
template <class Scalar>
struct ChainWorkspace final : Workspace {
  Matrix<Scalar> pooled;                  ///< (n, n_inputs) of the first layer, where that pools the data set
  std::vector<Matrix<Scalar>> values;     ///< slot 0: gathered inputs; then outputs of the layers that aren't in place
  std::vector<Matrix<Scalar>> gradients;  ///< of the same slots
  std::vector<std::unique_ptr<Scratch>> layers;
  std::vector<double> losses;  ///< one for each block of samples
};

template <class Scalar>
class Chain {
 public:
  /// Turns the last layer's output for rows [first, first + Z.rows()) of `rows` into its gradient; returns the loss.
  using BlockLoss = std::function<double(const Rows& rows, Index first, MatrixRef<Scalar> Z)>;

  Chain() = default;
  /// @param makes_maps  whether some layer's outputs have a place, so that a few samples are many rows of its products
  explicit Chain(std::vector<std::unique_ptr<const Layer<Scalar>>> layers, bool makes_maps = false);

  [[nodiscard]] Index n_outputs() const { return layers_.back()->n_outputs(); }
  [[nodiscard]] Index n_parameters() const { return n_parameters_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(layers_.size()); }
  [[nodiscard]] const Layer<Scalar>& layer(Index i) const { return *layers_[static_cast<std::size_t>(i)]; }
  /// Where layer i's parameters begin in θ.
  [[nodiscard]] Index offset(Index i) const { return offsets_[static_cast<std::size_t>(i)]; }
  /// All weights, and where they stand in θ.
  [[nodiscard]] std::vector<WeightBlock<Scalar>> weights() const;
  /// Samples that one task takes through the layers at most; it depends on these alone, as `group_rows` does.
  [[nodiscard]] Index block_rows() const { return block_rows_; }
  /// Samples whose activations are held at a time, at most.
  [[nodiscard]] Index group_rows() const { return group_rows_; }
  /// Multiply-adds of a forward and reverse pass of a batch.
  [[nodiscard]] double multiply_adds(Index batch) const;

  [[nodiscard]] std::unique_ptr<ChainWorkspace<Scalar>> workspace(const Samples<Scalar>& samples, Index batch,
                                                                  int n_threads) const;

  /// Samples forward and back, a group at a time; returns Σ loss and overwrites `gradient` by the sum of the gradients.
  double sums(const Scalar* theta, const Samples<Scalar>& samples, const Rows& rows, const Pass& pass, int n_threads,
              const BlockLoss& loss, ChainWorkspace<Scalar>& workspace, Scalar* gradient) const;

 private:
  struct Task {
    std::size_t layer;
    Index task;
  };
  [[nodiscard]] bool in_place(std::size_t i) const;
  [[nodiscard]] bool keeps_gradient(std::size_t i) const;
  void choose_rows(bool makes_maps);
  double group(const Scalar* theta, const ConstMatrixRef<Scalar>& inputs, const Rows& rows, Index row, const Pass& pass,
               int n_threads, const BlockLoss& loss, ChainWorkspace<Scalar>& workspace, Scalar* gradient,
               Into into) const;

  std::vector<std::unique_ptr<const Layer<Scalar>>> layers_;
  std::vector<Index> offsets_;
  std::vector<std::size_t> slots_;  ///< slots_[i]: where layer i's output stands
  std::size_t first_trained_ = 0;   ///< the first layer that has parameters
  Index n_parameters_ = 0;
  Index block_rows_ = 0, group_rows_ = 0;
  std::vector<Task> prepare_, gradient_, finish_;
};

}  // namespace ppdl
