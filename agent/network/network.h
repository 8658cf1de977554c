#pragma once

// The content of /interfaces and /routes: one read of the kernel's links,
// addresses and routes, cut to what a page can show.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/verdicts/problem.h"
#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

inline constexpr std::size_t kNetworkRows = 1000;       // of an answer without a requested limit
inline constexpr std::size_t kMostNetworkRows = 10000;  // that may be asked for

// The members that every read of the network has.
struct NetworkScan {
  std::string node;
  WallTime generated_at;
  std::vector<Problem> problems;  // none: it is complete
  std::size_t more{};             // rows that the limit left out
  bool stopped{};                 // stopped early: more rows are not counted
};

struct InterfaceFilter {
  std::optional<std::string> device, kind;
  std::size_t limit{kNetworkRows};
};

struct Interface {
  Link link;
  std::string master, lower;                // names; "" for none here; a veth's lower is its peer
  std::optional<std::uint32_t> network_id;  // VLAN id or VNI
  std::optional<std::uint32_t> speed;       // Mbit/s, where the driver knows it
  std::vector<Address> addresses;
};

struct Interfaces {
  NetworkScan scan;
  std::vector<Interface> rows;  // by ifindex
};

struct RouteFilter {
  std::optional<AddressFamily> family;
  std::optional<std::uint32_t> table;
  std::optional<std::uint8_t> protocol, type;
  std::optional<std::string> device;     // of any of its next hops
  std::optional<IpAddress> destination;  // routes that match this address
  std::size_t limit{kNetworkRows};
  // Reads at most this many routes; 0: all of them.
  std::size_t walk_at_most{};
};

struct Routes {
  NetworkScan scan;
  // IPv4 first; the table main first and local last; by destination and metric.
  std::vector<Route> rows;
  std::map<std::uint32_t, std::string> devices;  // names of the rows' ifindexes
};

// Both, in brief, for the overview.
struct Network {
  std::optional<Interfaces> interfaces;
  std::optional<Routes> routes;
};

}  // namespace hostnet
