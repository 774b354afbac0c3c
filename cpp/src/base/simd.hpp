/// @file
/// Vectors of the CPU level that this file is compiled for, by the compilers' vector extension.
#pragma once

namespace ppdl {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr int kTileRows = 12;  // with two vectors a row: 24 of 32 registers hold sums
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
inline constexpr int kTileRows = 6;  // 12 of 16
#else
inline constexpr int kVectorBytes = 16;
inline constexpr int kTileRows = 6;
#endif

template <class Scalar>
struct Simd {
  static constexpr int lanes = kVectorBytes / static_cast<int>(sizeof(Scalar));
  typedef Scalar Aligned __attribute__((vector_size(kVectorBytes)));
  typedef Scalar Anywhere __attribute__((vector_size(kVectorBytes), aligned(alignof(Scalar)), may_alias));
};

inline constexpr int kVectors = 2;  // of a panel's row

/// Columns of a panel.
template <class Scalar>
inline constexpr int kPanel = kVectors* Simd<Scalar>::lanes;

}  // namespace ppdl
