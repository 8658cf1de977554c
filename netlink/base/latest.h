#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace hostnet {

// The newest of a series of immutable values: one thread publishes, any thread
// reads, no one waits long. A mutex instead of std::atomic<shared_ptr>, which
// g++ 12's thread sanitizer does not understand.
template <class T>
class Latest {
 public:
  Latest() = default;
  explicit Latest(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  // Null until the first set().
  std::shared_ptr<const T> get() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

  void set(std::shared_ptr<const T> value) {
    {
      const std::scoped_lock lock(mutex_);
      value_.swap(value);
    }
    // The old value, perhaps its last reference, is destroyed without the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace hostnet
