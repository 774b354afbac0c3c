#include <ppdl/base/crowding.hpp>
#include <ppdl/base/parallel.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

namespace ppdl {

TEST_CASE("every block runs once") {
  for (const int n_threads : {0, 1, 2, 7}) {
    for (const Index n_blocks : {0, 1, 5, 1000}) {
      CAPTURE(n_threads);
      CAPTURE(n_blocks);
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(n_blocks));
      parallel_for(n_blocks, n_threads, [&](Index block) { ++runs[static_cast<std::size_t>(block)]; });
      for (const auto& count : runs) CHECK(count == 1);
    }
  }
}

TEST_CASE("nested loops run") {
  std::atomic<Index> n_runs{0};
  parallel_for(4, 0, [&](Index) { parallel_for(8, 0, [&](Index) { ++n_runs; }); });
  CHECK(n_runs == 32);
}

TEST_CASE("what blocks write is there after the loop") {
  constexpr Index n = 1000;
  std::vector<Index> values(n);
  parallel_for(n, 0, [&](Index block) { values[static_cast<std::size_t>(block)] = block; });
  Index sum = 0;
  for (const Index value : values) sum += value;
  CHECK(sum == n * (n - 1) / 2);
}

TEST_CASE("an exception in a block reaches the caller") {
  const auto body = [](Index block) {
    if (block == 42) throw std::runtime_error("block 42");
  };
  CHECK_THROWS_WITH_AS(parallel_for(100, 0, body), "block 42", std::runtime_error);
}

TEST_CASE("a loop takes no more threads than OpenMP allows") {
  const int limit = resolve_threads(0);
  CHECK(limit >= 1);
  CHECK(resolve_threads(1) == 1);
  CHECK(resolve_threads(limit + 5) == limit);
}

TEST_CASE("one thread is preferred where several wait longer than they work, for longer each time") {
  using namespace std::chrono_literals;
  Crowding crowding;
  Crowding::Clock::time_point now{};
  const auto loops = [&](int count, Crowding::Duration elapsed, Crowding::Duration busy) {
    for (int i = 0; i < count; ++i) crowding.note(now, elapsed, busy);
  };
  CHECK_FALSE(crowding.prefers_one(now));
  loops(100, 1ms, 2ms);  // two threads that never wait
  CHECK_FALSE(crowding.prefers_one(now));
  loops(1, 1ms, 100us);  // one bad loop isn't judged by itself
  CHECK_FALSE(crowding.prefers_one(now));
  loops(80, 1ms, 500us);
  CHECK(crowding.prefers_one(now + 40ms));
  CHECK_FALSE(crowding.prefers_one(now + 10s));
  now += 10s;
  loops(40, 1ms, 500us);
  CHECK(crowding.prefers_one(now + 80ms));
  now += 10s;
  loops(40, 1ms, 1900us);  // good again: the next pause is short
  CHECK_FALSE(crowding.prefers_one(now));
  loops(80, 1ms, 500us);
  CHECK(crowding.prefers_one(now + 40ms));
  CHECK_FALSE(crowding.prefers_one(now + 80ms));
}

TEST_CASE("blocks cover a range without gaps") {
  for (const Index size : {0, 1, 63, 64, 65, 1000}) {
    CAPTURE(size);
    const Blocks blocks(size, 64);
    Index end = 0;
    for (Index block = 0; block < blocks.count(); ++block) {
      CHECK(blocks.begin(block) == end);
      CHECK(blocks.length(block) >= 1);
      CHECK(blocks.length(block) <= 64);
      end = blocks.end(block);
    }
    CHECK(end == size);
  }
}

}  // namespace ppdl
