#include <ppdl/base/parallel.hpp>

#include "expect.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

using ppdl::Blocks;
using ppdl::Index;
using ppdl::parallel_for;
using ppdl::tests::expect;

namespace {

void every_block_runs_once() {
  for (const int n_threads : {0, 1, 2, 7}) {
    for (const Index n_blocks : {0, 1, 5, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(n_blocks));
      parallel_for(n_blocks, n_threads, [&](Index block) { ++runs[static_cast<std::size_t>(block)]; });
      for (const auto& count : runs) expect(count == 1, n_blocks, " blocks, ", n_threads, " threads: ", count, " runs");
    }
  }
}

void nested_loops_run() {
  std::atomic<Index> n_runs{0};
  parallel_for(4, 0, [&](Index) { parallel_for(8, 0, [&](Index) { ++n_runs; }); });
  expect(n_runs == 32, n_runs, " runs");
}

void an_exception_reaches_the_caller() {
  const auto call = [] {
    parallel_for(100, 0, [](Index block) {
      if (block == 42) throw std::runtime_error("block 42");
    });
  };
  ppdl::tests::expect_throws<std::runtime_error>(call, "block 42");
}

void threads_are_bounded() {
  const int limit = ppdl::resolve_threads(0);
  expect(limit >= 1 && ppdl::resolve_threads(1) == 1 && ppdl::resolve_threads(limit + 5) == limit, "limit ", limit);
}

void blocks_cover_the_range() {
  for (const Index size : {0, 1, 63, 64, 65, 1000}) {
    const Blocks blocks(size, 64);
    Index end = 0;
    for (Index block = 0; block < blocks.count(); ++block) {
      expect(blocks.begin(block) == end, "a gap before block ", block, " of ", size);
      expect(blocks.length(block) >= 1 && blocks.length(block) <= 64, "block ", block, " of ", size);
      end = blocks.end(block);
    }
    expect(end == size, "blocks end at ", end, " of ", size);
  }
}

}  // namespace

int main() {
  return ppdl::tests::run({{"every block runs once", every_block_runs_once},
                           {"nested loops run, the inner ones serially", nested_loops_run},
                           {"an exception in a block reaches the caller", an_exception_reaches_the_caller},
                           {"a loop takes no more threads than OpenMP allows", threads_are_bounded},
                           {"blocks cover a range without gaps", blocks_cover_the_range}});
}
