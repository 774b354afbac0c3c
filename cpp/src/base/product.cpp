#include <ppdl/base/product.hpp>

#include <ppdl/base/check.hpp>
#include <ppdl/base/parallel.hpp>

#include "tile.hpp"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <vector>

namespace ppdl {
namespace {

constexpr int kStreams = 4;        // panels that a single row meets at a time
constexpr Index kDepth = 256;      // rows of a panel that stay in the first-level cache while rows of A pass by
constexpr Index kBlockRows = 192;  // rows of A, kDepth long, that stay in the second-level cache while panels pass by

/// Columns [first, C.cols()) of C = or += the product of rows of the left factor and `depth` rows of the panels from row p on.
template <class Scalar, class Left>
void strips(const Left& left, Index row, Index depth, const Panels<Scalar>& B, Index p, Index first,
            MatrixRef<Scalar> C, Into into) {
  constexpr Index lanes = Simd<Scalar>::lanes, panel_width = kPanel<Scalar>;
  for (Index j = first; j < C.cols(); j += panel_width) {
    const Index valid = std::min(panel_width, C.cols() - j);
    if (valid > lanes) {
      strip<Scalar, 2>(left, row, C.rows(), depth, B.panel(j) + p * panel_width, C.data() + j, C.outerStride(), valid,
                       into);
    } else {
      strip<Scalar, 1>(left, row, C.rows(), depth, B.panel(j) + p * lanes, C.data() + j, C.outerStride(), valid, into);
    }
  }
}

/// C (1, kStreams panels) = or += the product of a single row and panels that lie `apart`: of one alone, each sum would wait for
/// the one before.
template <class Scalar, bool transposed>
void single_row(Index depth, const Scalar* a, Index stride, const Scalar* panels, Index apart, Scalar* c, Into into) {
  using Anywhere = typename Simd<Scalar>::Anywhere;
  constexpr int lanes = Simd<Scalar>::lanes, n = kStreams * static_cast<int>(kVectors);
  typename Simd<Scalar>::Aligned sums[n] = {};
  for (Index p = 0; p < depth; ++p, panels += kPanel<Scalar>, a += transposed ? stride : 1) {
    const typename Simd<Scalar>::Aligned x = *a - typename Simd<Scalar>::Aligned{};
#pragma GCC unroll 16
    for (int v = 0; v < n; ++v) {
      sums[v] += x * *reinterpret_cast<const Anywhere*>(panels + v / kVectors * apart + v % kVectors * lanes);
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < n; ++v) {
    auto* to = reinterpret_cast<Anywhere*>(c + v * lanes);
    *to = into == Into::add ? *to + sums[v] : sums[v];
  }
}

template <bool transposed, class Scalar>
void run(const ConstMatrixRef<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar>& C, Into into) {
  constexpr Index panel_width = kPanel<Scalar>;
  const Index m = C.rows(), n = C.cols(), depth = transposed ? A.rows() : A.cols();
  const Index stride = A.outerStride();
  if (depth == 0 && into == Into::overwrite) C.setZero();
  for (Index p = 0; p < depth; p += kDepth) {
    const Index length = std::min(kDepth, depth - p);
    for (Index i = 0; i < m; i += kBlockRows) {
      const Index rows = std::min(kBlockRows, m - i);
      const Scalar* a = A.data() + (transposed ? p * stride + i : i * stride + p);
      constexpr Index wide = kStreams * panel_width;
      Index j = 0;
      for (; rows == 1 && n - j >= wide; j += wide) {
        single_row<Scalar, transposed>(length, a, stride, B.panel(j) + p * panel_width, panel_width * B.depth(),
                                       C.data() + i * C.outerStride() + j, into);
      }
      using Left = std::conditional_t<transposed, StridedColumns<Scalar>, StridedRows<Scalar>>;
      strips<Scalar>(Left{a, stride}, 0, length, B, p, j, C.middleRows(i, rows), into);
    }
    into = Into::add;
  }
}

/// The segments cut into runs of one length, at most kDepth.
std::vector<Run> runs_of(std::span<const Index> segments, Index length) {
  const Index pieces = (length + kDepth - 1) / kDepth, longest = (length + pieces - 1) / pieces;
  std::vector<Run> runs;
  for (const Index segment : segments) {
    for (Index first = 0; first < length; first += longest) {
      runs.push_back({segment + first, std::min(longest, length - first)});
    }
  }
  return runs;
}

/// Panels that a thread packs for a single product.
template <class Scalar>
Panels<Scalar>& passing_panels() {
  static thread_local Panels<Scalar> panels;
  return panels;
}

template <class Scalar>
const Panels<Scalar>& packed(const ConstMatrixRef<Scalar>& B) {
  Panels<Scalar>& panels = passing_panels<Scalar>();
  panels.resize(B.rows(), B.cols());
  panels.pack(0, B);
  return panels;
}

}  // namespace

template <class Scalar>
void multiply(const ConstMatrixRef<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C, Into into) {
  check_size("columns of the left factor", A.cols(), B.depth(), "rows of the right factor");
  check_size("rows of the product", C.rows(), A.rows(), "rows of the left factor");
  check_size("columns of the product", C.cols(), B.width(), "columns of the right factor");
  run<false, Scalar>(A, B, C, into);
}

template <class Scalar>
void multiply_transposed(const ConstMatrixRef<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C, Into into) {
  check(A.rows() <= B.depth(), "rows of the left factor: received ", A.rows(), ", expected at most ", B.depth());
  check_size("rows of the product", C.rows(), A.cols(), "columns of the left factor");
  check_size("columns of the product", C.cols(), B.width(), "columns of the right factor");
  run<true, Scalar>(A, B, C, into);
}

template <class Scalar>
void multiply(const Gathered<Scalar>& A, const Panels<Scalar>& B, MatrixRef<Scalar> C, Into into) {
  check_size("columns of the left factor", A.cols(), B.depth(), "rows of the right factor");
  check_size("rows of the product", C.rows(), A.rows(), "rows of the left factor");
  check_size("columns of the product", C.cols(), B.width(), "columns of the right factor");
  if (A.cols() == 0 && into == Into::overwrite) C.setZero();
  const std::vector<Run> runs = runs_of(A.segments, A.length);
  Index p = 0, depth = 0;
  for (auto first = runs.begin(); first != runs.end(); p += depth) {
    auto end = first;
    depth = 0;
    while (end != runs.end() && (end == first || depth + end->length <= kDepth)) depth += (end++)->length;
    for (Index i = 0; i < C.rows(); i += kBlockRows) {
      const GatheredRows<Scalar> left{A.data, A.begins.data(), {first, end}};
      strips<Scalar>(left, i, depth, B, p, 0, C.middleRows(i, std::min(kBlockRows, C.rows() - i)), into);
    }
    first = end;
    into = Into::add;
  }
}

template <class Scalar>
void multiply_transposed(const Gathered<Scalar>& A, Index first, const Panels<Scalar>& B, MatrixRef<Scalar> C,
                         Into into) {
  check(A.rows() <= B.depth(), "rows of the left factor: received ", A.rows(), ", expected at most ", B.depth());
  check(first >= 0 && first + C.rows() <= A.cols(), "rows of the product: received ", first, " to ", first + C.rows(),
        ", expected at most ", A.cols(), ", the columns of the left factor");
  check_size("columns of the product", C.cols(), B.width(), "columns of the right factor");
  if (A.rows() == 0 && into == Into::overwrite) C.setZero();
  for (Index p = 0; p < A.rows(); p += kDepth) {
    const Index depth = std::min(kDepth, A.rows() - p);
    for (Index i = 0, count = 0; i < C.rows(); i += count) {
      const Index segment = (first + i) / A.length, skip = (first + i) % A.length;
      count = std::min({A.length - skip, C.rows() - i, kBlockRows});
      const GatheredColumns<Scalar> left{A.data + A.segments[static_cast<std::size_t>(segment)] + skip,
                                         A.begins.data() + p};
      strips<Scalar>(left, 0, depth, B, p, 0, C.middleRows(i, count), into);
    }
    into = Into::add;
  }
}

template <class Scalar>
void multiply(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, MatrixRef<Scalar> C, Into into) {
  multiply<Scalar>(A, packed<Scalar>(B), C, into);
}

template <class Scalar>
void multiply_transposed(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, MatrixRef<Scalar> C,
                         Into into) {
  multiply_transposed<Scalar>(A, packed<Scalar>(B), C, into);
}

template <class Scalar>
Matrix<Scalar> product(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, int n_threads) {
  check_size("rows of the right factor", B.rows(), A.cols(), "columns of the left factor");
  const Panels<Scalar> panels(B);
  Matrix<Scalar> AB(A.rows(), B.cols());
  const Blocks rows(A.rows(), kBlockRows);
  const double work = static_cast<double>(A.size()) * static_cast<double>(B.cols());
  parallel_for(rows.count(), threads_for(work, n_threads), [&](Index b) {
    const Index first = rows.begin(b), count = rows.length(b);
    multiply<Scalar>(A.middleRows(first, count), panels, AB.middleRows(first, count));
  });
  return AB;
}

template <class Scalar>
Matrix<Scalar> transposed_product(const ConstMatrixRef<Scalar>& A, const ConstMatrixRef<Scalar>& B, int n_threads) {
  check_size("rows of the right factor", B.rows(), A.rows(), "rows of the left factor");
  const Panels<Scalar> panels(B);
  Matrix<Scalar> AB(A.cols(), B.cols());
  const Blocks rows(A.cols(), kBlockRows);
  const double work = static_cast<double>(A.size()) * static_cast<double>(B.cols());
  parallel_for(rows.count(), threads_for(work, n_threads), [&](Index b) {
    const Index first = rows.begin(b), count = rows.length(b);
    multiply_transposed<Scalar>(A.middleCols(first, count), panels, AB.middleRows(first, count));
  });
  return AB;
}

template <class Scalar>
double peak_multiply_adds() {
  using Vector = typename Simd<Scalar>::Aligned;
  constexpr int kChains = 2 * kTileRows, kRounds = 4096, kTrials = 50;
  Vector sums[kChains];
  Vector factor = Scalar(0.5) - Vector{}, term = Scalar(0.25) - Vector{};
  for (Vector& sum : sums) sum = Scalar(1) - Vector{};
  double best = 0.0;
  for (int trial = 0; trial < kTrials; ++trial) {
    asm volatile("" : "+x"(factor), "+x"(term));  // unknown to the compiler, so that nothing is computed ahead
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 32
      for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] * factor + term;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(kRounds * kChains * Simd<Scalar>::lanes) / seconds.count());
  }
  for (Vector& sum : sums) asm volatile("" : : "x"(sum));
  return best;
}

#define PPDL_INSTANTIATE(Scalar)                                                                                      \
  template void multiply<Scalar>(const ConstMatrixRef<Scalar>&, const Panels<Scalar>&, MatrixRef<Scalar>, Into);      \
  template void multiply_transposed<Scalar>(const ConstMatrixRef<Scalar>&, const Panels<Scalar>&, MatrixRef<Scalar>,  \
                                            Into);                                                                    \
  template void multiply<Scalar>(const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>&, MatrixRef<Scalar>,     \
                                 Into);                                                                               \
  template void multiply_transposed<Scalar>(const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>&,             \
                                            MatrixRef<Scalar>, Into);                                                 \
  template Matrix<Scalar> product<Scalar>(const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>&, int);         \
  template Matrix<Scalar> transposed_product<Scalar>(const ConstMatrixRef<Scalar>&, const ConstMatrixRef<Scalar>&,    \
                                                     int);                                                            \
  template void multiply<Scalar>(const Gathered<Scalar>&, const Panels<Scalar>&, MatrixRef<Scalar>, Into);            \
  template void multiply_transposed<Scalar>(const Gathered<Scalar>&, Index, const Panels<Scalar>&, MatrixRef<Scalar>, \
                                            Into);                                                                    \
  template double peak_multiply_adds<Scalar>();

PPDL_INSTANTIATE(float)
PPDL_INSTANTIATE(double)
#undef PPDL_INSTANTIATE

}  // namespace ppdl
