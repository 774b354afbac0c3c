/// @file
/// The core's only use of OpenMP: a loop over blocks whose sizes never depend on the number of threads.
#pragma once

#include <ppdl/base/types.hpp>

#include <functional>

namespace ppdl {

/// Threads that a loop asked for `requested` may use: `min(requested, OpenMP's present limit)`, or the limit for
/// `requested <= 0`. OpenMP's limit is what `OMP_NUM_THREADS` and threadpoolctl set.
[[nodiscard]] int resolve_threads(int requested);

/// Threads worth waking for `work` multiply-adds between two points of synchronisation: `resolve_threads(requested)`, but no
/// more than one for each 2 million. Small steps run serially: on a busy machine a thread that waits for another loses more.
[[nodiscard]] int threads_for(double work, int requested);

/// Runs `body(block)` for every block in [0, n_blocks), on up to `n_threads` threads (`<= 0`: OpenMP's limit).
///
/// A thread that is free takes the next block. Results must not depend on which thread ran a block; then they are the same
/// bits for any number of threads. The first exception thrown by a body is rethrown after the loop. Runs serially inside
/// another parallel region, and in a forked child. The caller's thread polls for interrupts between blocks.
void parallel_for(Index n_blocks, int n_threads, const std::function<void(Index)>& body);

/// Name of the OpenMP runtime's specification date (`_OPENMP`), 0 without OpenMP.
[[nodiscard]] int openmp_version();

/// A range of indices cut into blocks of nearly equal size, none longer than `longest`; the cut depends on `size` alone.
class Blocks {
 public:
  Blocks(Index size, Index longest) : size_(size), count_(size > 0 ? (size + longest - 1) / longest : 0) {}
  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] Index begin(Index block) const { return block * size_ / count_; }
  [[nodiscard]] Index end(Index block) const { return (block + 1) * size_ / count_; }
  [[nodiscard]] Index length(Index block) const { return end(block) - begin(block); }

 private:
  Index size_;
  Index count_;
};

}  // namespace ppdl
