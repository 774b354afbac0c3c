#include <ppdl/base/interrupt.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace ppdl {
namespace {

constexpr std::chrono::milliseconds kPatience{50};

thread_local const Poll* current = nullptr;

}  // namespace

PollScope::PollScope(Poll poll) : poll_(std::move(poll)), outer_(std::exchange(current, &poll_)) {}

PollScope::~PollScope() { current = outer_; }

void poll() {
  if (current != nullptr) (*current)();
}

void run_interruptibly(std::function<void()> work) {
  if (current == nullptr) return work();
  auto task = std::make_shared<std::packaged_task<void()>>(std::move(work));
  std::future<void> done = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  while (done.wait_for(kPatience) != std::future_status::ready) poll();
  done.get();
}

}  // namespace ppdl
