/// @file
/// Choices of dictionaries: how many atoms a column takes, and which; Gaussian atoms.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstdint>
#include <vector>

namespace ppdl {

/// Key of the random numbers of one column's dictionary: independent for each layer and column, and apart from the keys
/// 0 … 2^48-1 that are left to others (initial weights, dropout).
[[nodiscard]] std::uint64_t dictionary_stream(Index layer, Index column);

/// Atoms of a column: ⌊n_visible · fraction⌋ (the paper's rule), rounded down to a multiple of `group`.
///
/// A product that misses a whole number by rounding alone counts as that number.
///
/// @throws std::invalid_argument if the fraction is not in (0, 1], or leaves no atom
[[nodiscard]] Index count_atoms(Index n_visible, double fraction, Index group = 1);

/// Chooses `n_atoms` of the first `n_choice` atoms, uniformly at random, whole groups of `group` neighbours at a time.
///
/// A group holds the channels of one pixel or frequency (the paper's α "tied across channels", Sec. 3.2); the numbers are
/// multiples of `group`.
///
/// @return indices in increasing order
[[nodiscard]] std::vector<Index> choose_atoms(Index n_choice, Index n_atoms, Index group, std::uint64_t seed,
                                              std::uint64_t stream);

/// Independent standard normal numbers, shape (rows, cols).
[[nodiscard]] Matrix<double> gaussian(Index rows, Index cols, std::uint64_t seed, std::uint64_t stream);

}  // namespace ppdl
