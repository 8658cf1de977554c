#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/ports/holder.h"
#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

// What bind() refused to one process, and who had the port.
struct RefusedBind {
  Protocol protocol{};
  std::uint16_t port{};
  IpAddress address;
  std::string error;  // "EADDRINUSE"
  int process{};      // the binder's, as the kernel's events number it; in `binder` as procfs does
  Owner binder;
  std::string namespace_, pod;  // of the binder; "" none, or not known
  WallTime first, last;
  std::uint64_t times{1};                               // the same, one after another
  std::vector<Holder> holders;                          // those in the way; of EADDRINUSE only
  std::optional<std::chrono::milliseconds> gone_after;  // see Refusal
  bool operator==(const RefusedBind&) const = default;
};

}  // namespace hostnet
