/// @file
/// The bindings' one private header: pybind11 with Eigen, and the functions that `module.cpp` calls.
///
/// Arrays cross the border as `ConstMatrixRef` and the like with `.noconvert()`: a C-contiguous array of the exact dtype
/// is seen in place, read-only memory maps included; anything else is a TypeError, never a silent copy. Samples may also
/// be rows that lie apart or overlap (`rows.hpp`). Results are returned by value and moved into NumPy without a copy.
/// Whatever computes releases the GIL and hears Ctrl-C.
#pragma once

#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <ppdl/base/interrupt.hpp>
#include <ppdl/base/types.hpp>

#include <optional>

namespace ppdl::bindings {

namespace py = pybind11;
using namespace pybind11::literals;

/// A computation without the GIL, in which Python's signal handlers run now and then.
class Computation {
 public:
  Computation();

 private:
  PollScope poll_;
  py::gil_scoped_release no_gil_;
};

using computes = py::call_guard<Computation>;

/// `n_threads=None` in Python is 0 in the core: what OpenMP allows now.
inline int threads(std::optional<int> n_threads) { return n_threads.value_or(0); }

void bind_base(py::module_& m);
void bind_dictionary(py::module_ m);

// In each of the submodules f32 and f64.
template <class Scalar>
void bind_product(py::module_& m);
template <class Scalar>
void bind_weights(py::module_& m);
template <class Scalar>
void bind_layer(py::module_& m);
template <class Scalar>
void bind_optimize(py::module_& m);
template <class Scalar>
void bind_train(py::module_& m);
template <class Scalar>
void bind_network(py::module_& m);
template <class Scalar>
void bind_autoencoder(py::module_& m);
template <class Scalar>
void bind_rica(py::module_& m);
template <class Scalar>
void bind_patches(py::module_& m);
template <class Scalar>
void bind_decode(py::module_& m);

}  // namespace ppdl::bindings
