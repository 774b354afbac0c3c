#include <ppdl/base/correlate.hpp>

#include "simd.hpp"

#include <algorithm>

namespace ppdl {
namespace {

/// So many vectors of a row of the result at the same time, one for each place; sums that don't wait for each other.
template <int vectors, class Scalar>
[[gnu::always_inline]] inline void sum_at(std::span<const Filtered<Scalar>> sources, const Slide& slide,
                                          const Index (&places)[vectors],
                                          typename Simd<Scalar>::Aligned (&sums)[vectors]) {
  using Anywhere = typename Simd<Scalar>::Anywhere;
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) sums[v] = typename Simd<Scalar>::Aligned{};
  for (const Filtered<Scalar>& source : sources) {
    const Scalar* in = source.in;
#pragma GCC unroll 4
    for (Index t = 0; t < slide.n_taps; ++t, in += slide.step) {
      const typename Simd<Scalar>::Aligned tap = source.taps[t] - typename Simd<Scalar>::Aligned{};
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sums[v] += tap * *reinterpret_cast<const Anywhere*>(in + places[v]);
    }
  }
}

/// `vectors` neighbours of a row that begins at `begin`; the last one may stand nearer, where the row ends.
template <int vectors, class Scalar>
void vectors_at(std::span<const Filtered<Scalar>> sources, const Slide& slide, Index begin, Index first, Index last,
                Scalar* out) {
  constexpr int lanes = Simd<Scalar>::lanes;
  Index places[vectors];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) places[v] = begin + (v + 1 < vectors ? first + v * lanes : last);
  typename Simd<Scalar>::Aligned sums[vectors];
  sum_at<vectors>(sources, slide, places, sums);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
    *reinterpret_cast<typename Simd<Scalar>::Anywhere*>(out + places[v] - begin) = sums[v];
  }
}

template <class Scalar>
void row(std::span<const Filtered<Scalar>> sources, const Slide& slide, Index begin, Scalar* out) {
  constexpr int lanes = Simd<Scalar>::lanes;
  const Index n = slide.length, last = n - lanes;
  if (last < 0) {
    const Index places[1] = {begin};
    typename Simd<Scalar>::Aligned sums[1];
    sum_at<1>(sources, slide, places, sums);
    std::copy_n(reinterpret_cast<const Scalar*>(sums), n, out);
    return;
  }
  for (Index i = 0; i < n; i += 4 * lanes) {  // a number that two vectors hold has the same bits in both
    switch (std::min<Index>(4, (n - i + lanes - 1) / lanes)) {
      case 4:
        vectors_at<4>(sources, slide, begin, i, std::min(i + 3 * lanes, last), out);
        break;
      case 3:
        vectors_at<3>(sources, slide, begin, i, std::min(i + 2 * lanes, last), out);
        break;
      case 2:
        vectors_at<2>(sources, slide, begin, i, std::min(i + lanes, last), out);
        break;
      default:
        vectors_at<1>(sources, slide, begin, i, std::min(i, last), out);
    }
  }
}

}  // namespace

template <class Scalar>
Index filter_overrun() {
  return Simd<Scalar>::lanes;
}

template <class Scalar>
void correlate(std::span<const Filtered<Scalar>> sources, const Slide& slide, Scalar* out) {
  for (Index r = 0; r < slide.n_rows; ++r) row(sources, slide, r * slide.in_stride, out + r * slide.out_stride);
}

template Index filter_overrun<float>();
template Index filter_overrun<double>();
template void correlate(std::span<const Filtered<float>>, const Slide&, float*);
template void correlate(std::span<const Filtered<double>>, const Slide&, double*);

}  // namespace ppdl
