#pragma once

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
  UniqueFd event_;  // eventfd(2)
};

}  // namespace hostnet
