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

// A bind() refused to a process, and who held the port.
struct RefusedBind {
  Protocol protocol{};
  std::uint16_t port{};
  IpAddress address;
  std::string error;  // "EADDRINUSE"
  int process{};      // the binder's, as numbered by the kernel; in `binder` as in procfs
  Owner binder;
  std::string namespace_, pod;  // of the binder; "" none, or not known
  WallTime first, last;
  std::uint64_t times{1};                               // repeated refusals
  std::vector<Holder> holders;                          // those that conflict; EADDRINUSE only
  std::optional<std::chrono::milliseconds> gone_after;  // see Refusal
  bool operator==(const RefusedBind&) const = default;
};

}  // namespace hostnet
