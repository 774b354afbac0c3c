/// @file
/// The scale of initial weights as Python names it.
#pragma once

#include "bind.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/network/initialisation.hpp>

#include <string>

namespace ppdl::bindings {

inline constexpr const char* kInitialDoc =
    "A starting theta; scale: glorot, glorot-logistic, he, lecun (of the predicted W), or a bound on V itself.";

inline Initialisation initialisation(const py::object& scale) {
  using Kind = Initialisation::Kind;
  if (!py::isinstance<py::str>(scale)) return {.kind = Kind::fixed, .bound = py::cast<double>(scale)};
  const auto name = py::cast<std::string>(scale);
  if (name == "glorot") return {.kind = Kind::glorot};
  if (name == "glorot-logistic") return {.kind = Kind::glorot_logistic};
  if (name == "he") return {.kind = Kind::he};
  if (name == "lecun") return {.kind = Kind::lecun};
  throw_invalid("scale: received '", name, "'; expected glorot, glorot-logistic, he, lecun or a number");
}

}  // namespace ppdl::bindings
