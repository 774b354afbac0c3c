/// @file
/// Counter-based random numbers (Philox-4x32-10; Salmon et al. 2011): the value is a function of (seed, stream, index),
/// so that any element of any sequence is at hand without drawing those before it, on any thread.
#pragma once

#include <ppdl/base/types.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace ppdl {

/// A sequence of random numbers that is fixed by (seed, stream). A value, free to copy.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// The four 32-bit words at counter `index`.
  [[nodiscard]] std::array<std::uint32_t, 4> words(std::uint64_t index) const {
    std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32);
    std::uint32_t c2 = static_cast<std::uint32_t>(stream_), c3 = static_cast<std::uint32_t>(stream_ >> 32);
    std::uint32_t k0 = static_cast<std::uint32_t>(seed_), k1 = static_cast<std::uint32_t>(seed_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0, p1 = std::uint64_t{0xCD9E8D57} * c2;
      const std::uint32_t hi0 = static_cast<std::uint32_t>(p0 >> 32), hi1 = static_cast<std::uint32_t>(p1 >> 32);
      c0 = hi1 ^ c1 ^ k0;
      c2 = hi0 ^ c3 ^ k1;
      c1 = static_cast<std::uint32_t>(p1);
      c3 = static_cast<std::uint32_t>(p0);
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return {c0, c1, c2, c3};
  }

  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] double uniform(std::uint64_t index) const;
  /// Standard normal (Box-Muller).
  [[nodiscard]] double normal(std::uint64_t index) const;
  /// Uniform integer in [0, bound), bound > 0, without bias beyond 2^-53.
  [[nodiscard]] Index below(Index bound, std::uint64_t index) const;

  /// A random permutation of 0 … n-1 (Fisher-Yates).
  [[nodiscard]] std::vector<Index> permutation(Index n) const;
  /// `k` distinct numbers from 0 … n-1, in increasing order, each subset equally likely.
  [[nodiscard]] std::vector<Index> sample(Index n, Index k) const;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace ppdl
