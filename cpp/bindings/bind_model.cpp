#include "bind.hpp"

namespace ppdl::bindings {

template <class Scalar>
void bind_model(py::module_&) {}

template void bind_model<float>(py::module_&);
template void bind_model<double>(py::module_&);

}  // namespace ppdl::bindings
