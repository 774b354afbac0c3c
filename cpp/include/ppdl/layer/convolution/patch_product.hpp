/// @file
/// The product of patches and predicted weights, in one order; and its reverse.
#pragma once

#include <ppdl/layer/convolution/patch_grid.hpp>
#include <ppdl/weights/order.hpp>

#include <memory>
#include <string_view>

namespace ppdl {

/// Z = PW for the patches P (n_positions, patch_size) of each image, W (patch_size, n_filters) = [U_1V_1 … U_JV_J]. Immutable.
///
/// A step calls `prepare` tasks; `forward` and then `reverse` for blocks of images, each with buffers and sums of its own; and,
/// with the sums of all blocks added up, `finish` tasks. Within a phase the order is free.
template <class Scalar>
class PatchProduct {
 public:
  /// What follows from θ alone.
  class Coefficients {
   public:
    virtual ~Coefficients() = default;
  };
  /// What a block of images needs until its `reverse`.
  class Buffers {
   public:
    virtual ~Buffers() = default;
  };

  virtual ~PatchProduct() = default;

  [[nodiscard]] virtual Order order() const = 0;
  /// Multiply-adds of a forward and, in training, reverse pass of one image, without what is done once a step.
  [[nodiscard]] virtual double multiply_adds(const Setting& setting) const = 0;
  /// Those that are done once a step.
  [[nodiscard]] virtual double multiply_adds_once(const Setting& setting) const = 0;
  /// Estimated time of a step, in units of a multiply-add at full speed.
  [[nodiscard]] virtual double effort(const Setting& setting) const = 0;

  [[nodiscard]] virtual std::unique_ptr<Coefficients> coefficients(bool reverse_input) const = 0;
  [[nodiscard]] virtual Index n_prepare_tasks() const = 0;
  virtual void prepare(Index task, const Scalar* V, Coefficients& coefficients) const = 0;

  [[nodiscard]] virtual std::unique_ptr<Buffers> buffers() const = 0;
  /// @param X  (n_images, image size)
  /// @param Z  (n_images * n_positions, n_filters)
  virtual void forward(const Coefficients& coefficients, const ConstMatrixRef<Scalar>& X, MatrixMap<Scalar> Z,
                       Buffers& buffers) const = 0;

  /// Numbers that a block's gradient takes.
  [[nodiscard]] virtual Index n_sums() const = 0;
  /// Whether the sums are the gradient of V as they stand.
  [[nodiscard]] virtual bool sums_are_gradient() const = 0;
  /// For the images that `forward` met with these buffers.
  ///
  /// @param dX    (n_images, image size)  overwritten; null where nobody wants it
  /// @param sums  (n_sums)                overwritten
  virtual void reverse(const Coefficients& coefficients, ConstMatrixMap<Scalar> dZ, MatrixRef<Scalar>* dX, Scalar* sums,
                       Buffers& buffers) const = 0;

  /// From the sums of all images to a part of dV.
  [[nodiscard]] virtual Index n_finish_tasks() const = 0;
  virtual void finish(Index task, const Scalar* sums, Scalar* dV) const = 0;
};

/// Predict W, then multiply with it.
template <class Scalar>
[[nodiscard]] std::unique_ptr<const PatchProduct<Scalar>> product_with_weights(
    std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid);

/// What these weights and this window would need to pool first, and lack; nothing where they can.
template <class Scalar>
[[nodiscard]] std::string_view lacks_for_maps(const PredictedWeights<Scalar>& weights, const Window& window);

/// Pool first: convolve each channel with the base's atoms, then multiply with the coefficients (paper, Sec. 3.4).
///
/// @throws std::invalid_argument for weights and a window that can't
template <class Scalar>
[[nodiscard]] std::unique_ptr<const PatchProduct<Scalar>> product_with_maps(
    std::shared_ptr<const PredictedWeights<Scalar>> weights, const PatchGrid& grid);

}  // namespace ppdl
