#include "bind.hpp"

namespace ppdl::bindings {

template <class Scalar>
void bind_weights(py::module_&) {}

template void bind_weights<float>(py::module_&);
template void bind_weights<double>(py::module_&);

}  // namespace ppdl::bindings
