#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/dictionary/basis.hpp>
#include <ppdl/dictionary/choice.hpp>
#include <ppdl/dictionary/kernel.hpp>

namespace ppdl::bindings {
namespace {

template <class Scalar>
void bind_covariance(py::module_& m) {
  m.def(
      "covariance",
      [](const ConstMatrixRef<Scalar>& X, int power, bool center, std::optional<int> n_threads) {
        return covariance<Scalar>(X, power, center, threads(n_threads));
      },
      "X"_a.noconvert(), "power"_a = 1, "center"_a = true, "n_threads"_a = py::none(), release_gil(),
      "Covariance of the columns of X, or of their squares (power=2); shape (n_visible, n_visible), float64.");
}

}  // namespace

void bind_dictionary(py::module_ m) {
  m.def(
      "squared_exponential",
      [](const ConstMatrixRef<double>& points, Index n_channels, double length_scale, std::optional<int> n_threads) {
        return squared_exponential(points, n_channels, length_scale, threads(n_threads));
      },
      "points"_a.noconvert(), "n_channels"_a, "length_scale"_a, "n_threads"_a = py::none(), release_gil(),
      "exp(-|x_i - x_j|^2 / 2 length_scale^2) within each channel, zero between channels.");
  bind_covariance<float>(m);
  bind_covariance<double>(m);
  m.def("ridge_mix", &ridge_mix, "K_alpha"_a.noconvert(), "ridge"_a, release_gil(), "(K_alpha + ridge I)^-1.");
  m.def("orthonormal_mix", &orthonormal_mix, "U"_a.noconvert(), release_gil(),
        "R^-1 of U = QR: U R^-1 is orthonormal.");
  m.def(
      "product",
      [](const ConstMatrixRef<double>& A, const ConstMatrixRef<double>& B) -> Matrix<double> {
        check_size("rows of B", B.rows(), A.cols(), "the columns of A");
        return A * B;
      },
      "A"_a.noconvert(), "B"_a.noconvert(), release_gil(),
      "A B: unlike NumPy's product, the same bits for any number of threads.");
  m.def("cosines", &cosines, "height"_a, "width"_a, release_gil(),
        "Orthonormal DCT-II basis of a grid, low frequencies first; shape (height * width, height * width).");
  m.def("symmetric_eigenvectors", &symmetric_eigenvectors, "C"_a.noconvert(), release_gil(),
        "Eigenvectors in columns, by decreasing eigenvalue; their largest entry is positive.");
  m.def("stream", &dictionary_stream, "layer"_a, "column"_a, "Key of the random numbers of one column's dictionary.");
  m.def("choose_atoms", &choose_atoms, "n_choice"_a, "n_atoms"_a, "group"_a, "seed"_a, "stream"_a,
        "n_atoms of the first n_choice atoms, in whole groups of neighbours, in increasing order.");
  m.def("gaussian", &gaussian, "rows"_a, "cols"_a, "seed"_a, "stream"_a, release_gil(),
        "Independent standard normals.");
}

}  // namespace ppdl::bindings
