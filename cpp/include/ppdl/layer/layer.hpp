/// @file
/// What a network is made of: layers, each a forward and its reverse on a block of samples, and specifications that make them.
#pragma once

#include <ppdl/base/pass.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/base/shape.hpp>
#include <ppdl/base/types.hpp>
#include <ppdl/weights/order.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace ppdl {

/// What a layer writes during a step; each kind of layer has its own.
class Scratch {
 public:
  virtual ~Scratch() = default;
};

/// Predicted weights, and where their V stands in θ.
template <class Scalar>
struct WeightBlock {
  Index offset = 0;
  std::shared_ptr<const PredictedWeights<Scalar>> weights;
};

/// What a user wants to know of a layer of weights.
struct LayerDescription {
  Index n_visible, n_hidden, n_columns, n_atoms, n_dynamic, n_static, n_bias;
  Order order;
  bool identity;
  bool pooled_once;
  double multiply_adds;        ///< per sample, forward and reverse
  double dense_multiply_adds;  ///< of the dense layer of this shape
  Index offset;                ///< of V in θ
  Index bias_offset;
};

/// Describes a layer of these weights, whose V stands first and before the biases.
///
/// @param multiply_adds, dense_multiply_adds  per sample
template <class Scalar>
[[nodiscard]] LayerDescription described(const PredictedWeights<Scalar>& weights, bool bias, const Plan& plan,
                                         double multiply_adds, double dense_multiply_adds);

/// A layer under one θ, ready to compute outputs: what follows from θ alone is made, once. Immutable.
template <class Scalar>
class Inference {
 public:
  virtual ~Inference() = default;
  [[nodiscard]] virtual Index n_outputs() const = 0;
  /// Whether `forward` may write over its input.
  [[nodiscard]] virtual bool in_place() const { return false; }
  /// @param input   (n_rows, n_inputs)
  /// @param output  (n_rows, n_outputs)  overwritten; maybe the same memory as `input` where `in_place()`
  virtual void forward(const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output) const = 0;
};

/// One layer: rows are samples, and any block of a group's rows can be passed on its own. Immutable; it makes the scratch that
/// it writes.
///
/// A step calls `prepare` tasks; for each group of samples, in order, `forward` and `reverse` for each block of rows, then
/// `gradient` tasks; in the end `finish` tasks. Within one of these phases the order is free, so that the network runs them
/// in parallel. Gradients are plain sums over samples.
template <class Scalar>
class Layer {
 public:
  virtual ~Layer() = default;

  [[nodiscard]] virtual Index n_inputs() const = 0;
  [[nodiscard]] virtual Index n_outputs() const = 0;
  [[nodiscard]] virtual Index n_parameters() const { return 0; }
  /// Outputs that each input has a part in, by which initial weights are scaled.
  [[nodiscard]] virtual Index fan_out() const { return n_outputs(); }
  /// Which blocks of this layer's part of θ are weights; the others are biases.
  [[nodiscard]] virtual std::vector<WeightBlock<Scalar>> weights() const { return {}; }
  /// Of layers with weights, for batches of `batch` samples.
  [[nodiscard]] virtual std::optional<LayerDescription> describe(Index /*batch*/) const { return std::nullopt; }
  /// Whether `forward` may write over its input, and `reverse` over the gradient that it gets; `reverse` then needs the
  /// layer's own outputs.
  [[nodiscard]] virtual bool in_place() const { return false; }
  /// Multiply-adds of a forward and reverse pass of a batch.
  [[nodiscard]] virtual double multiply_adds(Index /*batch*/) const { return 0.0; }
  /// Whether the inputs of a training step are `pool(X)`.
  [[nodiscard]] virtual bool pools_input() const { return false; }
  /// The static part of the layer at the whole data set, (n, n_inputs).
  [[nodiscard]] virtual Matrix<Scalar> pool(const ConstMatrixRef<Scalar>& X, int n_threads) const;

  /// For groups of so many samples at most, and blocks of so many; if a group has several blocks, each has at least half of
  /// that, so that the quotients first / ((block + 1) / 2) are different. The last argument is whether the inputs' gradient
  /// will be asked for.
  [[nodiscard]] virtual std::unique_ptr<Scratch> scratch(Index /*rows*/, Index /*block*/, bool /*training*/,
                                                         bool /*reverse_input*/) const {
    return nullptr;
  }
  /// This layer under a θ; null where nothing is left of it in inference. The layer must outlive it.
  [[nodiscard]] virtual std::unique_ptr<Inference<Scalar>> inference(const Scalar* theta) const;

  [[nodiscard]] virtual Index n_prepare_tasks() const { return 0; }
  virtual void prepare(Index /*task*/, const Scalar* /*theta*/, Scratch*) const {}

  /// @param row     number of the block's first sample in the batch
  /// @param first   and in the group
  /// @param input   (n_rows, n_inputs)
  /// @param output  (n_rows, n_outputs)  overwritten; maybe the same memory as `input` where `in_place()`
  virtual void forward(const Pass& pass, Index row, Index first, const Scalar* theta,
                       const ConstMatrixRef<Scalar>& input, MatrixRef<Scalar> output, Scratch* scratch) const = 0;

  /// @param output    (n_rows, n_outputs)  its own where `in_place()`; else maybe after one that wrote over it
  /// @param d_output  (n_rows, n_outputs)  gradient with respect to the output
  /// @param d_input   (n_rows, n_inputs)   overwritten; null where nobody wants it; maybe the same memory as `d_output`
  ///                  where `in_place()`
  virtual void reverse(const Pass& pass, Index row, Index first, const ConstMatrixRef<Scalar>& output,
                       const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input, Scratch* scratch) const = 0;

  /// One block of the parameters' gradient over a group.
  [[nodiscard]] virtual Index n_gradient_tasks() const { return 0; }
  virtual void gradient(Index /*task*/, const ConstMatrixRef<Scalar>& /*input*/,
                        const ConstMatrixRef<Scalar>& /*d_output*/, Scalar* /*d_theta*/, Into, Scratch*) const {}
  [[nodiscard]] virtual Index n_finish_tasks() const { return 0; }
  virtual void finish(Index /*task*/, const Scalar* /*theta*/, Scalar* /*d_theta*/, Scratch*) const {}
};

/// What a layer is made for.
struct LayerContext {
  Setting setting;   ///< batch, and whether the inputs' gradient is wanted
  DataSet data;      ///< that may be pooled once; of the first layer
  Index number = 0;  ///< tells this layer's random numbers from another's
};

/// A specification of a layer: a value that knows its shape, and makes the layer.
template <class Scalar>
class LayerSpec {
 public:
  virtual ~LayerSpec() = default;
  /// @throws std::invalid_argument if the layer can't have such an input
  [[nodiscard]] virtual Shape output_shape(const Shape& input) const = 0;
  [[nodiscard]] virtual std::unique_ptr<const Layer<Scalar>> make(const Shape& input,
                                                                  const LayerContext& context) const = 0;
  /// Whether the layer has weights.
  [[nodiscard]] virtual bool has_weights() const { return false; }
};

template <class Scalar>
using LayerSpecs = std::vector<std::shared_ptr<const LayerSpec<Scalar>>>;

}  // namespace ppdl
