/// @file
/// Layers one after the other, and the parallel loops that run them on a batch.
#pragma once

#include <ppdl/layer/dense.hpp>
#include <ppdl/layer/layer.hpp>
#include <ppdl/model/model.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace ppdl {

/// Buffers of a chain for one size of batch.
template <class Scalar>
struct ChainWorkspace final : Workspace {
  std::vector<Matrix<Scalar>> values;     ///< slot 0: gathered inputs; then outputs of the layers that aren't in place
  std::vector<Matrix<Scalar>> gradients;  ///< of the same slots
  std::vector<LayerBuffers<Scalar>> layers;
  std::vector<double> losses;     ///< one for each block of samples
  std::vector<double> penalties;  ///< one for each task
};

template <class Scalar>
class Chain {
 public:
  /// Turns the last layer's output for rows [first, first + Z.rows()) of the batch into its gradient; returns the loss.
  using BlockLoss = std::function<double(Index first, MatrixRef<Scalar> Z)>;

  Chain() = default;
  explicit Chain(std::vector<std::unique_ptr<const Layer<Scalar>>> layers);

  [[nodiscard]] Index n_inputs() const { return layers_.front()->n_inputs(); }
  [[nodiscard]] Index n_outputs() const { return layers_.back()->n_outputs(); }
  [[nodiscard]] Index n_parameters() const { return n_parameters_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(layers_.size()); }
  [[nodiscard]] const Layer<Scalar>& layer(Index i) const { return *layers_[static_cast<std::size_t>(i)]; }
  /// Where layer i's parameters begin in θ.
  [[nodiscard]] Index offset(Index i) const { return offsets_[static_cast<std::size_t>(i)]; }
  /// The first layer's product, if that layer is dense.
  [[nodiscard]] const Product<Scalar>* first_product() const;

  /// Multiply-adds of a forward and reverse pass of a batch.
  [[nodiscard]] double multiply_adds(Index batch) const;

  [[nodiscard]] std::unique_ptr<ChainWorkspace<Scalar>> workspace(Index batch, bool training) const;

  /// One batch forward and back; returns loss plus penalty and overwrites `gradient`.
  double value_and_gradient(const Scalar* theta, const ConstMatrixRef<Scalar>& inputs, const Rows& rows,
                            const Step& step, const Decay<Scalar>& decay, const BlockLoss& loss,
                            ChainWorkspace<Scalar>& workspace, Scalar* gradient) const;

  /// Outputs for all rows of X, (n, n_outputs).
  [[nodiscard]] Matrix<Scalar> run(const Scalar* theta, const ConstMatrixRef<Scalar>& X, int n_threads) const;

 private:
  struct Task {
    std::size_t layer;
    Index task;
  };

  void prepare(const Scalar* theta, int n_threads, ChainWorkspace<Scalar>& workspace) const;

  std::vector<std::unique_ptr<const Layer<Scalar>>> layers_;
  std::vector<Index> offsets_;
  std::vector<std::size_t> slots_;  ///< slots_[i]: where layer i's output stands
  std::size_t first_trained_ = 0;   ///< the first layer that has parameters
  Index n_parameters_ = 0;
  std::vector<Task> prepare_, gradient_, finish_;
};

}  // namespace ppdl
