#include "bind.hpp"

#include <ppdl/layer/activation.hpp>
#include <ppdl/layer/convolution.hpp>
#include <ppdl/layer/dense.hpp>
#include <ppdl/layer/dropout.hpp>
#include <ppdl/layer/jitter.hpp>
#include <ppdl/layer/maxout.hpp>
#include <ppdl/layer/pooling.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace ppdl::bindings {

template <class Scalar>
void bind_layer(py::module_& m) {
  using Spec = LayerSpec<Scalar>;
  py::class_<Spec, std::shared_ptr<Spec>>(m, "LayerSpec", "A specification of a layer.");
  py::class_<DenseSpec<Scalar>, Spec, std::shared_ptr<DenseSpec<Scalar>>>(m, "Dense",
                                                                          "Z = XW + b over predicted weights.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const std::string& order, bool bias) {
             return std::make_shared<DenseSpec<Scalar>>(std::move(weights), order_choice_from_string(order), bias);
           }),
           "weights"_a.none(false), py::kw_only(), "order"_a = "auto", "bias"_a = true);
  using Pair = std::array<Index, 2>;  // down and to the right
  py::class_<ConvolutionSpec<Scalar>, Spec, std::shared_ptr<ConvolutionSpec<Scalar>>>(
      m, "Conv2D", "Z = PW + b over the patches P of an image, for predicted weights.")
      .def(py::init([](std::shared_ptr<PredictedWeights<Scalar>> weights, const Pair& kernel, const Pair& stride,
                       const Pair& padding, const std::string& order, bool bias) {
             const Window window{.height = kernel[0],
                                 .width = kernel[1],
                                 .stride_y = stride[0],
                                 .stride_x = stride[1],
                                 .padding_y = padding[0],
                                 .padding_x = padding[1]};
             return std::make_shared<ConvolutionSpec<Scalar>>(std::move(weights), window,
                                                              order_choice_from_string(order), bias);
           }),
           "weights"_a.none(false), py::kw_only(), "kernel"_a, "stride"_a = Pair{1, 1}, "padding"_a = Pair{0, 0},
           "order"_a = "auto", "bias"_a = true);
  py::class_<ActivationSpec<Scalar>, Spec, std::shared_ptr<ActivationSpec<Scalar>>>(m, "Activation",
                                                                                    "identity, logistic, tanh or relu.")
      .def(py::init([](const std::string& kind) {
             return std::make_shared<ActivationSpec<Scalar>>(activation_from_string(kind));
           }),
           "kind"_a);
  py::class_<MaxoutSpec<Scalar>, Spec, std::shared_ptr<MaxoutSpec<Scalar>>>(
      m, "Maxout", "The largest of each n_pieces neighbouring inputs.")
      .def(py::init<Index>(), "n_pieces"_a);
  py::class_<PoolingSpec<Scalar>, Spec, std::shared_ptr<PoolingSpec<Scalar>>>(
      m, "Pooling", "The largest or the average of each channel in each window of a map.")
      .def(py::init([](const std::string& kind, const Pair& size, const Pair& stride, bool ceil_mode) {
             return std::make_shared<PoolingSpec<Scalar>>(PoolingOptions{.kind = pooling_from_string(kind),
                                                                         .height = size[0],
                                                                         .width = size[1],
                                                                         .row_stride = stride[0],
                                                                         .col_stride = stride[1],
                                                                         .ceil_mode = ceil_mode});
           }),
           "kind"_a, py::kw_only(), "size"_a, "stride"_a, "ceil_mode"_a = true);
  py::class_<DropoutSpec<Scalar>, Spec, std::shared_ptr<DropoutSpec<Scalar>>>(m, "Dropout", "Inverted dropout.")
      .def(py::init<double>(), "rate"_a);
  py::class_<JitterSpec<Scalar>, Spec, std::shared_ptr<JitterSpec<Scalar>>>(
      m, "Jitter", "In training each image is moved, and half of the time mirrored.")
      .def(py::init<Index, bool>(), "shift"_a, "mirror"_a);
}

template void bind_layer<float>(py::module_&);
template void bind_layer<double>(py::module_&);

}  // namespace ppdl::bindings
