/// @file
/// Whether several threads are worth their wait for each other, judged by what they did.
#pragma once

#include <algorithm>
#include <chrono>

namespace ppdl {

/// Decides between one thread and several from the loops that several ran: how long each took, and how long its blocks kept
/// processors busy, which is about what one thread would have taken.
///
/// Threads wait for the last of them at the end of a loop. While another process has one of the processors, that wait can
/// last many times as long as the loop; then one thread is quicker, for a while, after which several are tried again, less
/// and less often. Results do not depend on the choice.
class Crowding {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = Clock::duration;

  /// Whether one thread is to be preferred at the time `now`.
  [[nodiscard]] bool prefers_one(Clock::time_point now) const { return now < alone_until_; }

  /// Takes note of a loop by several threads that ended at `now`, took `elapsed` and kept processors busy for `busy`.
  void note(Clock::time_point now, Duration elapsed, Duration busy) {
    elapsed_ += elapsed;
    busy_ += busy;
    if (elapsed_ < kTrial) return;
    if (elapsed_ > busy_) {
      alone_until_ = now + pause_;
      pause_ = std::min(2 * pause_, kLongestPause);
    } else {
      pause_ = kShortestPause;
    }
    elapsed_ = busy_ = Duration::zero();
  }

 private:
  static constexpr Duration kTrial = std::chrono::milliseconds(40);  // of loops, before they are judged
  static constexpr Duration kShortestPause = std::chrono::milliseconds(50);
  static constexpr Duration kLongestPause = std::chrono::milliseconds(800);

  Clock::time_point alone_until_ = Clock::time_point::min();
  Duration pause_ = kShortestPause;
  Duration elapsed_ = Duration::zero();
  Duration busy_ = Duration::zero();
};

}  // namespace ppdl
