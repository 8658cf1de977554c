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

// What bind() refused to one container at one port, all of its attempts together, as the kernel's
// events tell it.
struct Refusal {
  Protocol protocol{};
  std::uint16_t port{};
  IpAddress address;                       // that the first attempt asked for
  std::string error;                       // of the last one: "EADDRINUSE"
  Owner binder;                            // of the last one
  std::string container_key;               // the container in the finding's id: never changes
  std::string namespace_, pod, container;  // "" until the pod source tells
  WallTime first, last;
  std::uint64_t count{};
  // Three within a minute, or the container ended with an error within ten seconds of one.
  bool serious{};
  // Who had the port: none where nobody was seen, or the error is another one.
  std::vector<Holder> holders;
  // The holder is the port's last binder, and so long after the refusal nobody had it any more.
  std::optional<std::chrono::milliseconds> gone_after;
  bool operator==(const Refusal&) const = default;
};

}  // namespace hostnet
