/// @file
/// Table of contents of the extension; compiled once per CPU level, under the name PPDL_MODULE_NAME.
#include "bind.hpp"

namespace ppdl::bindings {
namespace {

template <class Scalar>
void bind_scalar(py::module_ m) {
  bind_product<Scalar>(m);
  bind_weights<Scalar>(m);
  bind_layer<Scalar>(m);
  bind_optimize<Scalar>(m);
  bind_train<Scalar>(m);
  bind_network<Scalar>(m);
  bind_autoencoder<Scalar>(m);
  bind_rica<Scalar>(m);
  bind_patches<Scalar>(m);
  bind_decode<Scalar>(m);
}

}  // namespace
}  // namespace ppdl::bindings

PYBIND11_MODULE(PPDL_MODULE_NAME, m) {
  using namespace ppdl::bindings;
  m.attr("__name__") = "ppdl._core";  // so that no object tells which level it was made at
  m.doc() = "Predicted weights, networks and optimisers; float32 in f32, float64 in f64.";
  m.attr("isa") = PPDL_ISA_NAME;
  bind_base(m);
  bind_dictionary(m.def_submodule("dictionary", "Numerics behind the dictionaries; float64."));
  bind_scalar<float>(m.def_submodule("f32", "Predicted weights, networks and optimisers for float32."));
  bind_scalar<double>(m.def_submodule("f64", "Predicted weights, networks and optimisers for float64."));
}
