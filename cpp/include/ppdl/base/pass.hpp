/// @file
/// What a step tells everything that takes part in it.
#pragma once

#include <cstdint>

namespace ppdl {

struct Pass {
  bool training = false;   ///< dropout is active
  std::uint64_t seed = 0;  ///< of the dropout masks
  std::uint64_t step = 0;  ///< number of the step: masks differ from step to step
};

}  // namespace ppdl
