/// @file
/// GCC's OpenMP runtime isn't instrumented, so that the thread sanitiser doesn't see that a team begins after what came
/// before it and ends before what comes after it. This stands in front of the runtime's one entry that the core uses
/// (base/parallel) and tells it; a race between two blocks is still reported.
#ifdef __SANITIZE_THREAD__

#include <sanitizer/tsan_interface.h>

#include <dlfcn.h>

namespace {

struct Team {
  void (*body)(void*);
  void* data;
  char begin, end;  // what is released and acquired: addresses alone matter
};

void run_in_team(void* argument) {
  auto* team = static_cast<Team*>(argument);
  __tsan_acquire(&team->begin);
  team->body(team->data);
  __tsan_release(&team->end);
}

}  // namespace

extern "C" void GOMP_parallel(void (*body)(void*), void* data, unsigned n_threads, unsigned flags) {
  using Entry = void (*)(void (*)(void*), void*, unsigned, unsigned);
  static const auto runtime = reinterpret_cast<Entry>(dlsym(RTLD_NEXT, "GOMP_parallel"));
  Team team{.body = body, .data = data};
  __tsan_release(&team.begin);
  runtime(run_in_team, &team, n_threads, flags);
  __tsan_acquire(&team.end);
}

#endif
