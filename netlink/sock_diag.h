#pragma once

// NETLINK_SOCK_DIAG: the sockets of a network namespace
// (include/uapi/linux/inet_diag.h, net/ipv4/inet_diag.c).

#include "netlink/facts.h"
#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

// One dump request (struct inet_diag_req_v2). States are filtered exactly, and
// ports by a bytecode program that may let others through when there are very
// many: pass what arrives through matches(). `query.ports` must be sorted.
// INET_DIAG_INFO is never asked for: it costs the kernel a lock per socket.
NetlinkRequest socket_request(const SocketQuery& query);

// TCP sockets of both families in one walk over the kernel's table, which is
// what a dump costs: struct inet_diag_req, the interface of before Linux 3.3 that
// every kernel still has. The query's protocol and family do not count.
NetlinkRequest tcp_request_of_both_families(const SocketQuery& query);

// One socket out of one reply (struct inet_diag_msg). The message does not tell
// its protocol, so the caller does. A dual-stack socket is `ipv6`, with
// v4-mapped addresses where it speaks IPv4. A TCP reply in state 7 is a
// bound_inactive socket: a closed one is in no table of the kernel.
Result<Socket> decode_socket(const NetlinkMessage& message, Protocol protocol);

// Whether a socket is one that the query asks for: protocol, family, state and
// port. The live and the replayed netlink both filter with it. syn_recv and
// new_syn_recv are one state here, as in the kernel's replies.
bool matches(const SocketQuery& query, const Socket& socket);

// `netlink.sockets()` as a vector, for queries whose answer is small.
Result<std::vector<Socket>> read_sockets(Netlink& netlink, const SocketQuery& query);

}  // namespace hostnet
