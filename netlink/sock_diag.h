#pragma once

// NETLINK_SOCK_DIAG: the sockets of a network namespace
// (include/uapi/linux/inet_diag.h, net/ipv4/inet_diag.c).

#include <netinet/in.h>

#include <cstdint>

#include "netlink/facts.h"
#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

// IPPROTO_*
constexpr std::uint8_t ip_protocol(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp: return IPPROTO_TCP;
    case Protocol::udp: return IPPROTO_UDP;
    case Protocol::sctp: return IPPROTO_SCTP;
  }
  return IPPROTO_TCP;
}

// One dump request (struct inet_diag_req_v2). States are filtered exactly, ports by a
// bytecode program that may let others through when there are very many: filter the
// results with matches(). `query.ports` must be sorted. INET_DIAG_INFO is never
// requested: it costs the kernel a lock per socket.
NetlinkRequest socket_request(const SocketQuery& query);

// TCP sockets of both families in one walk over the kernel's table, the main cost of a
// dump: struct inet_diag_req, the interface from before Linux 3.3 that every kernel
// still has. The query's protocol and family are ignored.
NetlinkRequest tcp_request_of_both_families(const SocketQuery& query);

// One socket from one reply (struct inet_diag_msg). The message does not contain the
// protocol, so the caller passes it. A dual-stack socket is `ipv6`, with v4-mapped
// addresses where it uses IPv4. A TCP reply in state 7 is a bound_inactive socket:
// a closed one is in no kernel table.
Result<Socket> decode_socket(const NetlinkMessage& message, Protocol protocol);

// Whether the query selects a socket: protocol, family, state and port. The live and
// the replayed netlink both filter with it. syn_recv and new_syn_recv are one state
// here, as in the kernel's replies.
bool matches(const SocketQuery& query, const Socket& socket);

// `netlink.sockets()` as a vector, for queries with small answers.
Result<std::vector<Socket>> read_sockets(Netlink& netlink, const SocketQuery& query);

}  // namespace hostnet
