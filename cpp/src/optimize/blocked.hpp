/// @file
/// Operations on long vectors, in parallel over blocks whose size is fixed: the same bits for any number of threads.
#pragma once

#include <ppdl/base/parallel.hpp>
#include <ppdl/base/types.hpp>
#include <ppdl/optimize/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace ppdl {

/// Elements that one thread works on at a time; a few such pieces of vectors fit into a core's own cache.
inline constexpr Index block_length = kOptimizerPart;

/// Runs `body(block, begin, length)` for all blocks of a vector. Allocates nothing.
template <class Body>
void for_each_block(const Blocks& blocks, int n_threads, const Body& body) {
  const auto run = [&](Index block) { body(block, blocks.begin(block), blocks.length(block)); };
  parallel_for(blocks.count(), n_threads, std::cref(run));
}

/// Dot products and sums of vectors of one size. Sums are accumulated in double, also for float.
template <class Scalar>
class BlockedVectors {
 public:
  BlockedVectors(Index n, int n_threads)
      : blocks_(n, block_length), n_threads_(n_threads), partial_(static_cast<std::size_t>(blocks_.count())) {}

  /// a · b
  [[nodiscard]] double dot(const Vector<Scalar>& a, const Vector<Scalar>& b) {
    for_each_block(blocks_, n_threads_, [&](Index block, Index begin, Index length) {
      partial_[static_cast<std::size_t>(block)] =
          a.segment(begin, length).template cast<double>().dot(b.segment(begin, length).template cast<double>());
    });
    double sum = 0.0;
    for (const double part : partial_) sum += part;
    return sum;
  }

  /// max |a_i|; NaN if any element is.
  [[nodiscard]] double max_abs(const Vector<Scalar>& a) {
    for_each_block(blocks_, n_threads_, [&](Index block, Index begin, Index length) {
      partial_[static_cast<std::size_t>(block)] =
          a.segment(begin, length).cwiseAbs().template maxCoeff<Eigen::PropagateNaN>();
    });
    double largest = 0.0;
    for (const double part : partial_) {
      if (std::isnan(part)) return part;
      largest = std::max(largest, part);
    }
    return largest;
  }

  /// y ← a + factor · b; `y` may be `a`.
  void add(const Vector<Scalar>& a, double factor, const Vector<Scalar>& b, Vector<Scalar>& y) {
    const Scalar c = static_cast<Scalar>(factor);
    for_each_block(blocks_, n_threads_, [&](Index, Index begin, Index length) {
      y.segment(begin, length) = a.segment(begin, length) + c * b.segment(begin, length);
    });
  }

  /// y ← factor · a; `y` may be `a`.
  void scale(double factor, const Vector<Scalar>& a, Vector<Scalar>& y) {
    const Scalar c = static_cast<Scalar>(factor);
    for_each_block(blocks_, n_threads_,
                   [&](Index, Index begin, Index length) { y.segment(begin, length) = c * a.segment(begin, length); });
  }

 private:
  Blocks blocks_;
  int n_threads_;
  std::vector<double> partial_;
};

}  // namespace ppdl
