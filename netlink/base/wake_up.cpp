#include "netlink/base/wake_up.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

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

}  // namespace hostnet
