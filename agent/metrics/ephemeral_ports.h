#pragma once

// How many of the ports that the kernel assigns to outgoing connections are in
// use: the collector `ephemeral_ports`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "collectors/framework/runner.h"
#include "netlink/node/node.h"

namespace hostnet {

// The most addresses that have a series, per protocol. Each takes a bitmap of
// 8 KiB while the sockets are walked.
inline constexpr std::size_t kEphemeralAddresses = 64;

// A walk costs the kernel and us about 1 us per socket, and 0.2 ms on an empty
// table. The next one waits at least this many times its duration, so that walks
// take at most one percent of a CPU however often we are scraped.
inline constexpr int kEphemeralWalkPause = 100;

struct EphemeralPortUse {
  std::uint64_t range{};  // ports of ip_local_port_range that are not reserved
  // Of those, the distinct ones that a socket of any state has at this local
  // address, TIME_WAIT included; "0.0.0.0" and "::" are addresses of their own.
  std::map<std::tuple<Protocol, IpAddress>, std::uint64_t> used;
  std::size_t dropped{};  // addresses beyond kEphemeralAddresses
  bool operator==(const EphemeralPortUse&) const = default;
};

// Walks the TCP and UDP sockets once, streamed: memory does not grow with them.
// Reason::unsupported without ip_local_port_range.
Result<EphemeralPortUse> read_ephemeral_ports(const Node& node);

// hostnet_ephemeral_ports_used, hostnet_ephemeral_ports_range and
// hostnet_series_dropped. Pure.
std::vector<MetricSource> ephemeral_port_families(const EphemeralPortUse& use);

ProvidedCollector ephemeral_ports_collector(bool enabled);

}  // namespace hostnet
