/// @file
/// Interrupts: every long loop of the core polls, so that whoever waits for it can end it.
#pragma once

#include <functional>

namespace ppdl {

/// Called now and then by loops on the thread that has set it; what it throws ends the loop, and reaches the caller.
using Poll = std::function<void()>;

/// Sets the present thread's poll for its own lifetime; scopes nest.
class PollScope {
 public:
  explicit PollScope(Poll poll);
  ~PollScope();
  PollScope(const PollScope&) = delete;
  PollScope& operator=(const PollScope&) = delete;

 private:
  Poll poll_;
  const Poll* outer_;
};

/// Calls the present thread's poll, if it has one. Loops over `parallel_for` need not: that polls between blocks.
void poll();

/// Runs `work` on a thread of its own while the present one polls: for a library's call that cannot be interrupted. After
/// an interrupt `work` goes on unheard, so it must own all that it touches.
void run_interruptibly(std::function<void()> work);

}  // namespace ppdl
