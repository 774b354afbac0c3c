#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/dictionary/basis.hpp>
#include <ppdl/dictionary/choice.hpp>
#include <ppdl/dictionary/kernel.hpp>
#include <ppdl/dictionary/least_squares.hpp>

#include <span>

namespace ppdl::bindings {
namespace {

using Weights = std::optional<py::array_t<double, py::array::c_style>>;

template <class Scalar>
void bind_covariance(py::module_& m) {
  m.def(
      "covariance",
      [](const ConstMatrixRef<Scalar>& X, int power, bool center, const Weights& weights,
         std::optional<int> n_threads) {
        std::span<const double> w;
        if (weights) w = {weights->data(), static_cast<std::size_t>(weights->size())};
        const CovarianceOptions options{.power = power, .center = center, .n_threads = threads(n_threads)};
        const Computation computation;
        return covariance<Scalar>(X, options, w);
      },
      "X"_a.noconvert(), "power"_a = 1, "center"_a = true, "sample_weight"_a = py::none(), "n_threads"_a = py::none(),
      "Covariance of the columns of X, or of their squares (power=2); shape (n_visible, n_visible), float64.");
}

Matrix<double> nearest(const ConstMatrixRef<double>& U, const ConstMatrixRef<double>& W, double epsilon,
                       double relative_length, double length) {
  return least_squares(U, W, {.epsilon = epsilon, .relative_length = relative_length, .length = length});
}

}  // namespace

void bind_dictionary(py::module_ m) {
  m.def(
      "squared_exponential",
      [](const ConstMatrixRef<double>& points, Index n_channels, double length_scale, std::optional<int> n_threads) {
        return squared_exponential(points, n_channels, length_scale, threads(n_threads));
      },
      "points"_a.noconvert(), "n_channels"_a, "length_scale"_a, "n_threads"_a = py::none(), computes(),
      "exp(-|x_i - x_j|^2 / 2 length_scale^2) within each channel, zero between channels.");
  bind_covariance<float>(m);
  bind_covariance<double>(m);
  m.def("ridge_mix", &ridge_mix, "K_alpha"_a.noconvert(), "ridge"_a, computes(), "(K_alpha + ridge I)^-1.");
  m.def("orthonormal_mix", &orthonormal_mix, "U"_a.noconvert(), computes(), "R^-1 of U = QR: U R^-1 is orthonormal.");
  m.def("cosines", &cosines, "height"_a, "width"_a, computes(),
        "Orthonormal DCT-II basis of a grid, low frequencies first; shape (height * width, height * width).");
  m.def(
      "symmetric_eigenvectors", [](const ConstMatrixRef<double>& C) { return symmetric_eigen(C).vectors; },
      "C"_a.noconvert(), computes(),
      "Eigenvectors in columns, by decreasing eigenvalue; their largest entry is positive.");
  m.def(
      "principal_components", &principal_components, "C"_a.noconvert(), "resolution"_a, computes(),
      "Eigenvectors of a covariance, completed to a basis where the variance is at most resolution times the largest.");
  m.def(
      "least_squares", &nearest, "U"_a.noconvert(), "W"_a.noconvert(), py::kw_only(), "epsilon"_a, "relative_length"_a,
      "length"_a, computes(),
      "V whose UV is nearest to W, among those no longer than allowed: `length`, or `relative_length` times a V of no "
      "particular direction whose UV is as long as W.");
  m.def("count_atoms", &count_atoms, "n_visible"_a, "fraction"_a, "group"_a = 1,
        "int(n_visible * fraction), rounded down to a multiple of group.");
  m.def("stream", &dictionary_stream, "layer"_a, "column"_a, "Key of the random numbers of one column's dictionary.");
  m.def("choose_atoms", &choose_atoms, "n_choice"_a, "n_atoms"_a, "group"_a, "seed"_a, "stream"_a,
        "n_atoms of the first n_choice atoms, in whole groups of neighbours, in increasing order.");
  m.def("gaussian", &gaussian, "rows"_a, "cols"_a, "seed"_a, "stream"_a, computes(), "Independent standard normals.");
}

}  // namespace ppdl::bindings
