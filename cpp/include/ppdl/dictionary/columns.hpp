/// @file
/// The squared exponential dictionary in one call, for programs in C++; the same U as from Python for the same seed.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstdint>
#include <vector>

namespace ppdl {

/// A column's U_j = B[:, atoms] mix.
struct ColumnAtoms {
  std::vector<Index> atoms;  ///< indices of the base's columns
  Matrix<double> mix;        ///< (n_atoms, n_atoms), or empty for the identity
};

/// The dictionaries of all columns of a layer over their shared base.
struct DictionaryColumns {
  Matrix<double> base;  ///< B (n_visible, n_base)
  std::vector<ColumnAtoms> columns;
};

/// What defines a squared exponential dictionary on an image.
struct SquaredExponentialOptions {
  Index height = 0;           ///< of the image, ≥ 1
  Index width = 0;            ///< of the image, ≥ 1
  Index n_channels = 1;       ///< channels stand next to each other, pixels in row-major order
  double length_scale = 1.0;  ///< σ in pixels, > 0
  double ridge = 0.1;         ///< λ ≥ 0
  double fraction = 1.0;  ///< atoms of a column: ⌊height · width · fraction⌋ pixels, in all channels; in (0, 1]
  Index n_columns = 1;    ///< each chooses its own atoms
  std::uint64_t seed = 0;
  Index layer = 0;  ///< layers with the same seed choose independently

  /// @throws std::invalid_argument naming the option and the value received
  void validate() const;
};

/// U_j = k_αᵀ (K_α + λI)⁻¹ (paper, Sec. 3.1), with α_j drawn uniformly at random and tied across channels.
///
/// @throws NumericalError if λ is too small for a Cholesky factorisation
[[nodiscard]] DictionaryColumns squared_exponential_columns(const SquaredExponentialOptions& options);

}  // namespace ppdl
