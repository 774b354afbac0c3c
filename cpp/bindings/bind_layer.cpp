#include "bind.hpp"

namespace ppdl::bindings {

template <class Scalar>
void bind_layer(py::module_&) {}

template void bind_layer<float>(py::module_&);
template void bind_layer<double>(py::module_&);

}  // namespace ppdl::bindings
