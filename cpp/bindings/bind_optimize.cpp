#include "bind.hpp"

namespace ppdl::bindings {

template <class Scalar>
void bind_optimize(py::module_&) {}

template void bind_optimize<float>(py::module_&);
template void bind_optimize<double>(py::module_&);

}  // namespace ppdl::bindings
