/// @file
/// What a step tells everything that takes part in it.
#pragma once

#include <ppdl/base/random.hpp>

#include <cstdint>

namespace ppdl {

/// Where the streams of each kind of layer begin that draws numbers in a step: apart from each other, and from those of weights
/// and dictionaries.
inline constexpr std::uint64_t kDropoutStreams = std::uint64_t{1} << 47, kJitterStreams = std::uint64_t{3} << 46;

struct Pass {
  bool training = false;   ///< dropout and jitter are active
  std::uint64_t seed = 0;  ///< of the numbers that layers draw
  std::uint64_t step = 0;  ///< number of the step: they differ from step to step

  /// The numbers of this step that a layer draws, told from others' by its number.
  [[nodiscard]] Random random(std::uint64_t streams, Index layer) const {
    return Random(seed, streams + (step << 8) + static_cast<std::uint64_t>(layer));
  }
};

}  // namespace ppdl
