#include <ppdl/base/parallel.hpp>

#include <ppdl/base/crowding.hpp>
#include <ppdl/base/interrupt.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
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
std::atomic<bool>& forked() {
  static std::atomic<bool> whether{false};
  return whether;
}

#if __has_include(<pthread.h>)
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked() = true; });
#endif

#ifdef _OPENMP
/// How long the calling thread has kept a processor busy; where the system doesn't tell, how long it has been there.
std::chrono::nanoseconds busy_time() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
#else
  return Crowding::Clock::now().time_since_epoch();
#endif
}

/// Runs the blocks on a team of threads, each of which takes the next one when it is free, and returns how long they kept
/// processors busy, all together.
std::chrono::nanoseconds run_by_team(Index n_blocks, int n_threads, const std::function<void(Index)>& body) {
  std::exception_ptr first;
  std::atomic<bool> failed{false};
  std::atomic<Index> next{0};
  std::atomic<std::chrono::nanoseconds::rep> busy{0};
#pragma omp parallel num_threads(n_threads)
  {
    const auto begin = busy_time();
    try {
      for (Index block = next++; block < n_blocks && !failed.load(std::memory_order_relaxed); block = next++) {
        if (omp_get_thread_num() == 0) poll();  // the caller's thread
        body(block);
      }
    } catch (...) {
      if (!failed.exchange(true)) first = std::current_exception();
    }
    busy += (busy_time() - begin).count();
  }
  if (first) std::rethrow_exception(first);
  return std::chrono::nanoseconds(busy);
}
#endif

}  // namespace

int resolve_threads(int requested) {
#ifdef _OPENMP
  const int limit = forked() ? 1 : std::max(1, omp_get_max_threads());
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
    thread_local Crowding crowding;
    const auto begin = Crowding::Clock::now();
    if (!crowding.prefers_one(begin)) {
      const auto busy = run_by_team(n_blocks, threads, body);
      const auto end = Crowding::Clock::now();
      crowding.note(end, end - begin, busy);
      return;
    }
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
