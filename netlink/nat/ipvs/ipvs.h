#pragma once

// IPVS, the load balancer inside the kernel (generic netlink,
// include/uapi/linux/ip_vs.h): which services it has and where it sends them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "netlink/messages.h"
#include "netlink/netlink.h"
#include "netlink/node/files.h"

namespace hostnet {

struct IpvsServer {
  IpAddress address;
  std::uint16_t port{};
  std::uint32_t weight{};  // 0: no new connections
  bool operator==(const IpvsServer&) const = default;
};

struct IpvsService {
  std::uint8_t ip_protocol{};  // IPPROTO_*
  IpAddress address;
  std::uint16_t port{};   // 0: every port
  std::uint32_t mark{};   // not 0: packets with that firewall mark, of any address and port
  std::string scheduler;  // "rr"
  std::optional<std::vector<IpvsServer>> servers;  // unset: not asked for
  bool operator==(const IpvsService&) const = default;
};

struct IpvsTable {
  std::vector<IpvsService> services;  // without those by mark
  std::size_t by_mark{};              // how many those are
  std::size_t without_servers{};      // whose servers were not asked for: too many
  bool operator==(const IpvsTable&) const = default;
};

// Each asks the kernel once more; beyond, servers are unset.
inline constexpr std::size_t kMostIpvsServerReads = 8192;

// The services at `addresses` (sorted) and at loopback, with their servers; those
// elsewhere are left out. Needs CAP_NET_ADMIN (Reason::denied). Where IPVS is not
// loaded nothing is asked, because that would load it: a table without services.
Result<IpvsTable> read_ipvs(Netlink& netlink, const Files& files,
                            std::span<const IpAddress> addresses);

// One message of an answer; none: the message is none of it. Lengths that do
// not fit are Reason::malformed. `family` is the service's, for kernels before
// 3.18, which do not tell a server's.
Result<std::optional<IpvsService>> decode_ipvs_service(const NetlinkMessage& message);
Result<std::optional<IpvsServer>> decode_ipvs_server(const NetlinkMessage& message,
                                                     AddressFamily family);

}  // namespace hostnet
