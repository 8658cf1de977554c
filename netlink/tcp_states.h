#pragma once

// The state and the queues of every TCP socket, for callers that only count.

#include "netlink/facts.h"
#include "netlink/netlink.h"

namespace hostnet {

struct TcpState {
  SocketState state{};
  std::uint32_t receive_queue{};  // as in Socket
  std::uint32_t send_queue{};
  bool operator==(const TcpState&) const = default;
};

// tcp_request_of_both_families() (sock_diag.h) for all sockets except those that are
// only bound.
NetlinkRequest tcp_states_request();

// From one reply (struct inet_diag_msg).
Result<TcpState> decode_tcp_state(const NetlinkMessage& message);

}  // namespace hostnet
