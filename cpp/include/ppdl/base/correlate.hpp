/// @file
/// Short filters slid along planes of numbers.
#pragma once

#include <ppdl/base/types.hpp>

#include <span>

namespace ppdl {

/// A plane and the filter that is slid along it.
template <class Scalar>
struct Filtered {
  const Scalar* in;
  const Scalar* taps;
};

/// How rows of a plane lie, in the input and in the output, and how far apart the numbers are that a filter takes together.
struct Slide {
  Index n_taps, step;
  Index n_rows, length;
  Index in_stride, out_stride;
};

/// Numbers past the end of a plane that may be read, and must be there.
template <class Scalar>
[[nodiscard]] Index filter_overrun();

/// out[r, i] = Σ_s Σ_t taps_s[t] in_s[r, i + t step], for rows r < n_rows and i < length.
template <class Scalar>
void correlate(std::span<const Filtered<Scalar>> sources, const Slide& slide, Scalar* out);

}  // namespace ppdl
