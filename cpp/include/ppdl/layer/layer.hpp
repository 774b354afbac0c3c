/// @file
/// What a network is made of: a forward and its reverse on a block of samples.
#pragma once

#include <ppdl/base/types.hpp>
#include <ppdl/weights/product.hpp>

#include <cstdint>
#include <memory>

namespace ppdl {

/// What all layers need to know of the step under way.
struct Pass {
  bool training = false;   ///< dropout is active
  std::uint64_t seed = 0;  ///< of the dropout masks
  std::uint64_t step = 0;  ///< number of the step: masks differ from step to step
};

/// What one layer writes during a step; the layer itself is immutable.
template <class Scalar>
struct LayerBuffers {
  typename Product<Scalar>::Buffers product;  ///< of dense layers
  Matrix<std::int32_t> winners;               ///< (batch, n_outputs) which piece won, of maxout layers
};

/// One layer: rows are samples, and any block of a batch's rows can be passed on its own.
///
/// A step calls `prepare` tasks, `forward` and `reverse` for each block of rows, `gradient` tasks, `finish` tasks; within
/// one of these phases the order is free, so that the network runs them in parallel.
template <class Scalar>
class Layer {
 public:
  virtual ~Layer() = default;

  [[nodiscard]] virtual Index n_inputs() const = 0;
  [[nodiscard]] virtual Index n_outputs() const = 0;
  [[nodiscard]] virtual Index n_parameters() const { return 0; }
  /// Whether `forward` may write over its input, and `reverse` over the gradient that it gets.
  [[nodiscard]] virtual bool in_place() const { return false; }
  /// Multiply-adds of a forward and reverse pass of a batch.
  [[nodiscard]] virtual double multiply_adds(Index /*batch*/) const { return 0.0; }
  [[nodiscard]] virtual LayerBuffers<Scalar> buffers(Index /*batch*/, bool /*training*/, bool /*reverse_input*/) const {
    return {};
  }

  [[nodiscard]] virtual Index n_prepare_tasks() const { return 0; }
  virtual void prepare(Index /*task*/, const Scalar* /*theta*/, LayerBuffers<Scalar>&) const {}

  /// @param first_row  where the block begins in the batch
  /// @param input      (n_rows, n_inputs)
  /// @param output     (n_rows, n_outputs)  overwritten; the same memory as `input` where `in_place()`
  virtual void forward(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& input,
                       MatrixRef<Scalar> output, LayerBuffers<Scalar>& buffers) const = 0;

  /// @param d_output  (n_rows, n_outputs)  gradient with respect to the output
  /// @param d_input   (n_rows, n_inputs)   overwritten; null where nobody wants it
  virtual void reverse(const Pass& pass, Index first_row, const Scalar* theta, const ConstMatrixRef<Scalar>& output,
                       const ConstMatrixRef<Scalar>& d_output, MatrixRef<Scalar>* d_input,
                       LayerBuffers<Scalar>& buffers) const = 0;

  /// One block of the parameters' gradient over the whole batch; returns its share of the penalty.
  [[nodiscard]] virtual Index n_gradient_tasks() const { return 0; }
  virtual double gradient(Index /*task*/, const Scalar* /*theta*/, const ConstMatrixRef<Scalar>& /*input*/,
                          const ConstMatrixRef<Scalar>& /*d_output*/, const Decay<Scalar>& /*decay*/,
                          Scalar* /*d_theta*/, LayerBuffers<Scalar>&) const {
    return 0.0;
  }
  [[nodiscard]] virtual Index n_finish_tasks() const { return 0; }
  virtual double finish(Index /*task*/, const Scalar* /*theta*/, const Decay<Scalar>& /*decay*/, Scalar* /*d_theta*/,
                        LayerBuffers<Scalar>&) const {
    return 0.0;
  }
};

}  // namespace ppdl
