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

// The bind() refusals for one container at one port, all attempts combined, as reported by the
// kernel's events.
struct Refusal {
  Protocol protocol{};
  std::uint16_t port{};
  IpAddress address;                       // requested by the first attempt
  std::string error;                       // of the last one: "EADDRINUSE"
  Owner binder;                            // of the last one
  std::string container_key;               // the container's key in the finding's id: never changes
  std::string namespace_, pod, container;  // "" until the pod source knows them
  WallTime first, last;
  std::uint64_t count{};
  // Three within a minute, or the container ended with an error within ten seconds of one.
  bool serious{};
  // Who held the port: empty if no holder was seen, or for other errors.
  std::vector<Holder> holders;
  // Only if the holder is the last binder: how long after the refusal nothing held the port.
  std::optional<std::chrono::milliseconds> gone_after;
  bool operator==(const Refusal&) const = default;
};

}  // namespace hostnet
