#include "bind.hpp"

#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>

#include <chrono>

namespace ppdl::bindings {
namespace {

/// Seconds that one product (m, k)(k, n) takes, rows shared among threads as in training: the yardstick of benchmarks.
template <class Scalar>
double product_seconds(Index m, Index k, Index n, bool transposed, Index repeats, std::optional<int> n_threads) {
  const Matrix<Scalar> A = Matrix<Scalar>::Constant(m, k, Scalar(0.5)), At = A.transpose();
  const Panels<Scalar> B(Matrix<Scalar>::Constant(k, n, Scalar(0.25)));
  Matrix<Scalar> C(m, n);
  const Blocks blocks(m, transposed ? 128 : 64);
  const auto start = std::chrono::steady_clock::now();
  for (Index r = 0; r < repeats; ++r) {
    parallel_for(blocks.count(), threads(n_threads), [&](Index b) {
      const Index first = blocks.begin(b), count = blocks.length(b);
      if (transposed) {
        multiply_transposed<Scalar>(At.middleCols(first, count), B, C.middleRows(first, count));
      } else {
        multiply<Scalar>(A.middleRows(first, count), B, C.middleRows(first, count));
      }
    });
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(repeats);
}

}  // namespace

template <class Scalar>
void bind_product(py::module_& m) {
  m.def(
      "product",
      [](const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, std::optional<int> n_threads) {
        return ppdl::product<Scalar>(A, B, threads(n_threads));
      },
      "A"_a.noconvert(), "B"_a.noconvert(), "n_threads"_a = py::none(), computes(),
      "A B: unlike NumPy's product, the same bits for any number of threads.");
  m.def("product_seconds", &product_seconds<Scalar>, "m"_a, "k"_a, "n"_a, py::kw_only(), "transposed"_a = false,
        "repeats"_a = 10, "n_threads"_a = py::none(), computes(),
        "Seconds of one (m, k)(k, n) product, the first factor transposed in memory if asked for.");
}

template void bind_product<float>(py::module_&);
template void bind_product<double>(py::module_&);

}  // namespace ppdl::bindings
