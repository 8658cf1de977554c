#pragma once

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <span>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// Wakes a thread that sleeps in poll(2). Any thread may wake, any number of
// times; the sleeper sees one wake-up.
class WakeUp {
 public:
  static Result<WakeUp> create();

  void wake() const noexcept;
  // For poll(2): readable after wake(), until consume().
  int descriptor() const { return event_.get(); }
  void consume() const noexcept;

 private:
  explicit WakeUp(UniqueFd event) : event_(std::move(event)) {}
  UniqueFd event_;
};

inline constexpr std::chrono::milliseconds kNoTimeout{-1};

// poll(2). Whether a descriptor is ready. If poll itself fails (ENOMEM), it sleeps until the
// timeout, at most a second: a loop around it must not spin.
bool wait_for_input(std::span<pollfd> descriptors, std::chrono::milliseconds timeout);

// Whether a call that just failed was interrupted and should be retried. Signals are rare: this
// program has no handlers. If a call is interrupted every time (a tracer, a seccomp filter), it
// counts as failed instead of hanging.
class Interrupted {
 public:
  bool again() { return errno == EINTR && ++times_ < kMost; }

 private:
  static constexpr int kMost = 100;
  int times_{};
};

}  // namespace hostnet
