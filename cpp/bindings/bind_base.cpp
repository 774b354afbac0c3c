#include "bind.hpp"

#include <ppdl/base/error.hpp>
#include <ppdl/base/parallel.hpp>
#include <ppdl/base/product.hpp>
#include <ppdl/base/random.hpp>

#include <chrono>

namespace ppdl::bindings {
namespace {

/// Lets Python's signal handlers run, at most every 50 ms; without the GIL.
class SignalPoll {
 public:
  void operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

Computation::Computation() : poll_(SignalPoll{}) {}

void bind_base(py::module_& m) {
  py::register_exception<NumericalError>(m, "NumericalError", PyExc_ArithmeticError).doc() =
      "A computation failed for numerical reasons; the message says what to change.";

  m.attr("openmp_version") = openmp_version();
  m.def(
      "resolve_threads", [](std::optional<int> n_threads) { return resolve_threads(threads(n_threads)); },
      "n_threads"_a = py::none(),
      "Threads that `n_threads` stands for now: at most OpenMP's limit; None is the limit.");

  m.def(
      "peak_multiply_adds",
      [](bool double_precision) {
        return double_precision ? peak_multiply_adds<double>() : peak_multiply_adds<float>();
      },
      "double_precision"_a = false, computes(), "Fused multiply-adds a second of one core, from registers alone.");
  py::class_<Random>(m, "Random", "Counter-based random numbers (Philox-4x32-10), fixed by (seed, stream).")
      .def(py::init<std::uint64_t, std::uint64_t>(), "seed"_a, "stream"_a = 0)
      .def("words", &Random::words, "index"_a, "The four 32-bit words at counter `index`.")
      .def("uniform", &Random::uniform, "index"_a, "Uniform in [0, 1).")
      .def("normal", &Random::normal, "index"_a, "Standard normal.")
      .def("below", &Random::below, "bound"_a, "index"_a, "Uniform integer in [0, bound).")
      .def("permutation", &Random::permutation, "n"_a, "A random permutation of 0 … n-1.")
      .def("sample", &Random::sample, "n"_a, "k"_a, "k distinct numbers from 0 … n-1, in increasing order.");
}

}  // namespace ppdl::bindings
