/// @file
/// Things that are lent out and used again: as many come to be as are in use at the same time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ppdl {

/// The pool must outlive what it lends.
template <class T>
class Pool {
 public:
  struct Return {
    Pool* pool = nullptr;
    void operator()(T* thing) const {
      std::unique_ptr<T> owned(thing);
      const std::lock_guard<std::mutex> lock(pool->mutex_);
      pool->free_.push_back(std::move(owned));
    }
  };
  using Loan = std::unique_ptr<T, Return>;

  /// One that is free, or a new one: `make()` returns a `std::unique_ptr`.
  template <class Make>
  [[nodiscard]] Loan take(const Make& make) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!free_.empty()) {
        Loan loan(free_.back().release(), Return{this});
        free_.pop_back();
        return loan;
      }
    }
    return Loan(make().release(), Return{this});
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> free_;
};

}  // namespace ppdl
