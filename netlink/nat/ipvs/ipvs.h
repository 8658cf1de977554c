#pragma once

// IPVS, the load balancer in the kernel (generic netlink,
// include/uapi/linux/ip_vs.h): its services and where it sends them.

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
  std::uint32_t mark{};   // not 0: matches packets with that firewall mark, any address and port
  std::string scheduler;  // "rr"
  std::optional<std::vector<IpvsServer>> servers;  // unset: not read
  bool operator==(const IpvsService&) const = default;
};

struct IpvsTable {
  std::vector<IpvsService> services;  // without services by mark
  std::size_t by_mark{};              // the number of services by mark
  std::size_t without_servers{};      // their servers were not read: too many
  bool operator==(const IpvsTable&) const = default;
};

// Each costs one more request to the kernel; beyond this, servers are unset.
inline constexpr std::size_t kMostIpvsServerReads = 8192;

// The services at `addresses` (sorted) and at loopback, with their servers; others are
// left out. Needs CAP_NET_ADMIN (Reason::denied). If IPVS is not loaded, returns a table
// without services and sends no request, because that would load IPVS.
Result<IpvsTable> read_ipvs(Netlink& netlink, const Files& files,
                            std::span<const IpAddress> addresses);

// One message of a reply; unset: another kind of message. Lengths that do not fit are
// Reason::malformed. `family` is the service's, for kernels before 3.18, which do not
// report a server's.
Result<std::optional<IpvsService>> decode_ipvs_service(const NetlinkMessage& message);
Result<std::optional<IpvsServer>> decode_ipvs_server(const NetlinkMessage& message,
                                                     AddressFamily family);

}  // namespace hostnet
