#pragma once

// The kernel's IPVS tables as /proc/net shows them (net/netfilter/ipvs/ip_vs_ctl.c).

#include <cstdint>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

struct IpvsTotals {
  std::uint64_t connections{}, incoming_packets{}, outgoing_packets{};
  std::uint64_t incoming_bytes{}, outgoing_bytes{};
};

// One real server of one virtual server, in node_exporter's spelling: a virtual
// server by mark has no local address and local port 0.
struct IpvsBackend {
  std::string protocol;  // "TCP", "UDP", "SCTP", "FWM"
  std::string local_address, local_port, local_mark;
  std::string remote_address, remote_port;
  std::uint64_t active{}, inactive{}, weight{};
};

// Reason::unsupported without the module.
Result<IpvsTotals> read_ipvs_totals(const Files& files);
Result<std::vector<IpvsBackend>> read_ipvs_backends(const Files& files);

}  // namespace hostnet
