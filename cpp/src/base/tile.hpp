/// @file
/// The kernel of all products: a tile of sums kept in registers, for left factors that lie in memory in one of four ways.
#pragma once

#include <ppdl/base/product.hpp>

#include "simd.hpp"

#include <span>

namespace ppdl {

template <class Scalar, int rows, int vectors>
using Sums = typename Simd<Scalar>::Aligned[rows][vectors];

/// Adds the products of `depth` numbers of each row, which `a` gives one after the other, and a panel of `vectors` vectors' width.
template <int rows, int vectors, class Scalar, class Numbers>
[[gnu::always_inline]] inline void accumulate(Index depth, Numbers a, const Scalar* panel,
                                              Sums<Scalar, rows, vectors>& sums) {
  using Vector = typename Simd<Scalar>::Aligned;
  constexpr int lanes = Simd<Scalar>::lanes;
#pragma GCC unroll 4
  for (Index p = 0; p < depth; ++p) {
    Vector b[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) b[v] = *reinterpret_cast<const Vector*>(panel + v * lanes);
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) {
      const Vector x = a[i] - Vector{};  // in every lane
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sums[i][v] += x * b[v];
    }
    panel += vectors * lanes;
    a.next();
  }
}

/// Rows of a left factor that lie `stride` apart.
template <class Scalar>
struct StridedRows {
  struct Numbers {
    const Scalar* a;
    Index stride;
    Scalar operator[](int i) const { return a[i * stride]; }
    void next() { ++a; }
  };
  template <int rows, int vectors>
  [[gnu::always_inline]] void add(Index row, Index depth, const Scalar* panel,
                                  Sums<Scalar, rows, vectors>& sums) const {
    accumulate<rows, vectors>(depth, Numbers{a + row * stride, stride}, panel, sums);
  }
  const Scalar* a;
  Index stride;
};

/// The transposed: rows that stand next to each other, their numbers `stride` apart.
template <class Scalar>
struct StridedColumns {
  struct Numbers {
    const Scalar* a;
    Index stride;
    Scalar operator[](int i) const { return a[i]; }
    void next() { a += stride; }
  };
  template <int rows, int vectors>
  [[gnu::always_inline]] void add(Index row, Index depth, const Scalar* panel,
                                  Sums<Scalar, rows, vectors>& sums) const {
    accumulate<rows, vectors>(depth, Numbers{a + row, stride}, panel, sums);
  }
  const Scalar* a;
  Index stride;
};

/// Part of a gathered row: so many numbers, beginning so far from the row's beginning.
struct Run {
  Index offset, length;
};

/// Rows that begin anywhere, each made of the same runs.
template <class Scalar>
struct GatheredRows {
  template <int rows>
  struct Numbers {
    const Scalar* at[rows];
    Index p;
    Scalar operator[](int i) const { return at[i][p]; }
    void next() { ++p; }
  };
  template <int rows, int vectors>
  [[gnu::always_inline]] void add(Index row, Index, const Scalar* panel, Sums<Scalar, rows, vectors>& sums) const {
    Numbers<rows> numbers{};
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) numbers.at[i] = data + begins[row + i];
    for (const Run& run : runs) {
      numbers.p = run.offset;
      accumulate<rows, vectors>(run.length, numbers, panel, sums);
      panel += run.length * vectors * Simd<Scalar>::lanes;
    }
  }
  const Scalar* data;
  const Index* begins;
  std::span<const Run> runs;
};

/// The transposed: rows that stand next to each other, their numbers anywhere.
template <class Scalar>
struct GatheredColumns {
  struct Numbers {
    const Scalar* data;
    const Index* begin;
    Scalar operator[](int i) const { return data[*begin + i]; }
    void next() { ++begin; }
  };
  template <int rows, int vectors>
  [[gnu::always_inline]] void add(Index row, Index depth, const Scalar* panel,
                                  Sums<Scalar, rows, vectors>& sums) const {
    accumulate<rows, vectors>(depth, Numbers{data + row, begins}, panel, sums);
  }
  const Scalar* data;
  const Index* begins;
};

/// C (rows, valid) = or += the product of rows of the left factor, beginning with `row`, and a panel.
template <class Scalar, int rows, int vectors, class Left>
void tile(const Left& left, Index row, Index depth, const Scalar* panel, Scalar* c, Index c_stride, Index valid,
          Into into) {
  using Vector = typename Simd<Scalar>::Aligned;
  using Anywhere = typename Simd<Scalar>::Anywhere;
  constexpr int lanes = Simd<Scalar>::lanes;
  Sums<Scalar, rows, vectors> sums;
#pragma GCC unroll 32
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sums[i][v] = Vector{};
  }
  left.template add<rows, vectors>(row, depth, panel, sums);
  if (valid == vectors * lanes) {
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        auto* to = reinterpret_cast<Anywhere*>(c + i * c_stride + v * lanes);
        *to = into == Into::add ? *to + sums[i][v] : sums[i][v];
      }
    }
    return;
  }
  for (int i = 0; i < rows; ++i) {
    const auto* sum = reinterpret_cast<const Scalar*>(sums[i]);
    Scalar* to = c + i * c_stride;
    for (Index j = 0; j < valid; ++j) to[j] = into == Into::add ? to[j] + sum[j] : sum[j];
  }
}

/// All rows [row, row + m) of the left factor against one panel.
template <class Scalar, int vectors, class Left>
void strip(const Left& left, Index row, Index m, Index depth, const Scalar* panel, Scalar* c, Index c_stride,
           Index valid, Into into) {
  const auto take = [&]<int rows>() {
    while (m >= rows) {
      tile<Scalar, rows, vectors>(left, row, depth, panel, c, c_stride, valid, into);
      row += rows;
      c += rows * c_stride;
      m -= rows;
    }
  };
  if constexpr (vectors == 1) take.template operator()<2 * kTileRows>();
  take.template operator()<kTileRows>();
  take.template operator()<4>();
  take.template operator()<2>();
  take.template operator()<1>();
}

}  // namespace ppdl
