#pragma once

#include <optional>

#include "netlink/netlink.h"

namespace hostnet {

// The two ends of a TCP connection, as seen from one of them. Addresses of one
// family, IPv4 never in its v4-mapped form.
struct TcpEnds {
  IpAddress local;
  std::uint16_t local_port{};
  IpAddress peer;
  std::uint16_t peer_port{};
};

// The socket of this network namespace with these ends: one lookup in the kernel's
// table, no walk, no privilege (inet_diag_find_one_icsk in net/ipv4/inet_diag.c).
// Unset when there is none: it is on another machine, or already closed. A socket in
// TIME_WAIT or without a process has inode 0.
Result<std::optional<Socket>> find_tcp_socket(Netlink& netlink, const TcpEnds& ends);

}  // namespace hostnet
