#include <ppdl/base/parallel.hpp>

#include <ppdl/base/interrupt.hpp>

#include <algorithm>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif
#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace ppdl {
namespace {

/// Whether this process was forked off another. Its OpenMP runtime may believe in threads that only the parent has, and
/// wait for them for ever; so a forked child computes on one thread.
std::atomic<bool> forked{false};

#if __has_include(<pthread.h>)
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif

}  // namespace

int resolve_threads(int requested) {
#ifdef _OPENMP
  const int limit = forked ? 1 : std::max(1, omp_get_max_threads());
#else
  const int limit = 1;
#endif
  return requested <= 0 ? limit : std::min(requested, limit);
}

int threads_for(double work, int requested) {
  constexpr double kWorkPerThread = 2e6;
  return std::max(1, static_cast<int>(std::min<double>(resolve_threads(requested), work / kWorkPerThread)));
}

void parallel_for(Index n_blocks, int n_threads, const std::function<void(Index)>& body) {
#ifdef _OPENMP
  const int threads = static_cast<int>(std::min<Index>(resolve_threads(n_threads), n_blocks));
  if (threads > 1 && omp_in_parallel() == 0) {
    std::exception_ptr first;
    std::atomic<bool> failed{false};
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (Index block = 0; block < n_blocks; ++block) {
      if (failed.load(std::memory_order_relaxed)) continue;
      try {
        if (omp_get_thread_num() == 0) poll();  // the caller's thread
        body(block);
      } catch (...) {
        if (!failed.exchange(true)) first = std::current_exception();
      }
    }
    if (first) std::rethrow_exception(first);
    return;
  }
#endif
  for (Index block = 0; block < n_blocks; ++block) {
    poll();
    body(block);
  }
}

int openmp_version() {
#ifdef _OPENMP
  return _OPENMP;
#else
  return 0;
#endif
}

}  // namespace ppdl
