#pragma once

// The state and the queues of every TCP socket, for who only counts.

#include "netlink/facts.h"
#include "netlink/netlink.h"

namespace hostnet {

struct TcpState {
  SocketState state{};
  std::uint32_t receive_queue{};  // as in Socket
  std::uint32_t send_queue{};
  bool operator==(const TcpState&) const = default;
};

// TCPDIAG_GETSOCK (include/uapi/linux/inet_diag.h), older than the request by
// family: one walk of the kernel's table gives IPv4 and IPv6, where two by
// family walk it twice. Every socket but those that are only bound.
NetlinkRequest tcp_states_request();

// Out of one reply (struct inet_diag_msg).
Result<TcpState> decode_tcp_state(const NetlinkMessage& message);

}  // namespace hostnet
