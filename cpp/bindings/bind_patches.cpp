#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/patches/patch_encoder.hpp>

#include <string>
#include <tuple>
#include <utility>

namespace ppdl::bindings {
namespace {

PatchContrast::Scale scale_from_string(const std::optional<std::string>& name) {
  if (!name) return PatchContrast::Scale::none;
  if (*name == "deviation") return PatchContrast::Scale::deviation;
  check(*name == "norm", "unknown scale '", *name, "'; known are deviation, norm");
  return PatchContrast::Scale::norm;
}

}  // namespace

template <class Scalar>
void bind_patches(py::module_& m) {
  using Encoder = PatchEncoder<Scalar>;
  using Pair = std::tuple<Index, Index>;
  py::class_<Encoder>(m, "PatchEncoder", "Codes of all patches of an image, summed over its regions.")
      .def(py::init([](std::tuple<Index, Index, Index> image_shape, Matrix<Scalar> filters,
                       std::optional<RowVector<Scalar>> bias, const Pair& patch_size, Index stride, const Pair& regions,
                       bool center, const std::optional<std::string>& scale, double contrast_epsilon,
                       std::optional<Matrix<Scalar>> whitening, std::optional<RowVector<Scalar>> mean,
                       const std::string& encoding, double epsilon, double threshold) {
             const auto [height, width, n_channels] = image_shape;
             const auto [patch_height, patch_width] = patch_size;
             const auto [region_rows, region_cols] = regions;
             FilterBank<Scalar> bank{.filters = std::move(filters), .bias = {}, .whitening = {}, .mean = {}};
             if (bias) bank.bias = std::move(*bias);
             if (whitening) bank.whitening = std::move(*whitening);
             if (mean) bank.mean = std::move(*mean);
             return Encoder({.height = height,
                             .width = width,
                             .n_channels = n_channels,
                             .patch_height = patch_height,
                             .patch_width = patch_width,
                             .stride = stride,
                             .region_rows = region_rows,
                             .region_cols = region_cols},
                            {.center = center, .scale = scale_from_string(scale), .epsilon = contrast_epsilon},
                            std::move(bank),
                            {.encoding = encoding_from_string(encoding), .epsilon = epsilon, .threshold = threshold});
           }),
           "image_shape"_a, "filters"_a.noconvert(), "bias"_a.noconvert() = py::none(), py::kw_only(), "patch_size"_a,
           "stride"_a = 1, "regions"_a = Pair{2, 2}, "center"_a = false, "scale"_a = py::none(),
           "contrast_epsilon"_a = 0.0, "whitening"_a.noconvert() = py::none(), "mean"_a.noconvert() = py::none(),
           "encoding"_a = "smooth-absolute", "epsilon"_a = 1e-2, "threshold"_a = 0.0,
           "filters: (n_inputs, n_filters), applied to (patch - mean) whitening where that is given.")
      .def_property_readonly("n_features", &Encoder::n_features, "Regions times codes.")
      .def_property_readonly("multiply_adds", &Encoder::multiply_adds, "Per image.")
      .def(
          "encode",
          [](const Encoder& encoder, const ConstMatrixRef<Scalar>& images, MatrixRef<Scalar> features,
             std::optional<int> n_threads) { encoder.encode(images, features, threads(n_threads)); },
          "images"_a.noconvert(), "features"_a.noconvert(), "n_threads"_a = py::none(), computes(),
          "Overwrite `features` with those of `images`, region after region.");
}

template void bind_patches<float>(py::module_&);
template void bind_patches<double>(py::module_&);

}  // namespace ppdl::bindings
