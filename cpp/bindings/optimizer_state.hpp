/// @file
/// The state of an optimiser as Python sees it: (number of steps, dict of arrays).
#pragma once

#include "bind.hpp"

#include <ppdl/optimize/optimizer.hpp>

#include <string>
#include <utility>

namespace ppdl::bindings {

template <class Scalar>
std::pair<Index, py::dict> optimizer_state(const Optimizer<Scalar>& optimizer) {
  OptimizerState<Scalar> state = optimizer.state();
  py::dict arrays;
  for (auto& [name, array] : state.arrays) arrays[py::str(name)] = py::cast(std::move(array));
  return {state.n_steps, arrays};
}

template <class Scalar>
void load_optimizer_state(Optimizer<Scalar>& optimizer, const std::pair<Index, py::dict>& state) {
  OptimizerState<Scalar> received{.n_steps = state.first, .arrays = {}};
  for (const auto& [name, array] : state.second) {
    received.arrays.emplace_back(py::cast<std::string>(name), py::cast<Vector<Scalar>>(array));
  }
  optimizer.load_state(received);
}

}  // namespace ppdl::bindings
