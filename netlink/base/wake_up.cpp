#include "netlink/base/wake_up.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <thread>

namespace hostnet {

Result<WakeUp> WakeUp::create() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return system_failure(errno, "making an eventfd");
  return WakeUp(std::move(event));
}

void WakeUp::wake() const noexcept {
  const std::uint64_t one = 1;
  // EAGAIN: the counter is full, so the sleeper wakes anyway.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void WakeUp::consume() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(event_.get(), &count, sizeof count);
}

bool wait_for_input(std::span<pollfd> descriptors, std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kLongestRest{1000};
  constexpr std::chrono::milliseconds kShortRest{1};  // a tracer may interrupt it each time
  constexpr std::int64_t kLongest = std::numeric_limits<int>::max();
  const auto milliseconds =
      static_cast<int>(std::clamp<std::int64_t>(timeout.count(), -1, kLongest));
  const int ready = ::poll(descriptors.data(), descriptors.size(), milliseconds);
  if (ready < 0) {
    const auto rest = errno == EINTR ? kShortRest : kLongestRest;
    std::this_thread::sleep_for(timeout < timeout.zero() ? rest : std::min(timeout, rest));
  }
  return ready > 0;
}

}  // namespace hostnet
