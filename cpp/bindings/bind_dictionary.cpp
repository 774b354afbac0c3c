#include "bind.hpp"

namespace ppdl::bindings {

void bind_dictionary(py::module_) {}

}  // namespace ppdl::bindings
