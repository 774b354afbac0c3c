/// @file
/// The extension that is imported first: it tells which of the others this processor runs.
#include <ppdl/base/cpu_level.hpp>

#include <pybind11/pybind11.h>

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "The processor's level.";
  m.def("cpu_level", &ppdl::cpu_level,
        "'v2', 'v3' or 'v4' (x86-64-v2 …), 'v1' below; 'native' on other architectures.");
}
