#include "agent/findings/context/holders.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace hostnet {
namespace {

bool fails_to_start(const DeclaredPort& port) {
  return port.container_state == "terminated" || port.reason == "CrashLoopBackOff";
}

bool is_in_the_way(const Holder& holder, const DeclaredPort& port, const FindingContext& context) {
  if (meets(holder, bind_of(port), context)) return true;
  // An IPv6-only holder does not block 0.0.0.0 but does block a dual-stack socket. Which one the
  // server opens only shows when it fails.
  const auto dual_stack = dual_stack_bind_of(port);
  return dual_stack && fails_to_start(port) && meets(holder, *dual_stack, context);
}

// A connection that no process holds any more (FIN_WAIT, LAST_ACK…), with unknown owner or options:
// most are left over from the pod's own previous server and do not block bind().
bool is_orphan(const Holder& holder) {
  return port_use(holder.socket) == PortUse::connected && holder.socket.inode == 0 &&
         (holder.owner.kind == HolderKind::unknown || !holder.sharing.reuse_address);
}

// Accepted by a server on the port, and closed while its process was being searched for.
bool was_accepted(const Holder& holder, const Holders& on_port) {
  return port_use(holder.socket) == PortUse::connected &&
         holder.owner.kind == HolderKind::unknown &&
         std::ranges::any_of(on_port, [](const Holder* other) {
           return other->socket.state == SocketState::listen;
         });
}

// Servers set SO_REUSEADDR; this socket has it too and does not listen.
bool lets_servers_bind(const Holder& holder) {
  return holder.socket.protocol == Protocol::tcp && holder.socket.state != SocketState::listen &&
         holder.sharing.reuse_address == true;
}

// Ports that every client and server of a service binds in order to receive multicast and
// broadcast: RIP, PTP, SLP, DHCPv6, SSDP, WS-Discovery, mDNS, LLMNR.
bool is_multicast_port(std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 10> kPorts{319, 320,  427,  520,  521,
                                                        546, 1900, 3702, 5353, 5355};
  return std::ranges::binary_search(kPorts, port);
}

// Whether the kernel gives this server a share of the port's traffic for other servers. TCP
// listeners can only coexist with SO_REUSEPORT.
bool takes_a_share(const Holder& holder) {
  const Socket& socket = holder.socket;
  if (!socket.is_server() || holder.owner.kind == HolderKind::nat_rule) return false;
  if (socket.protocol == Protocol::tcp) return true;
  return holder.sharing.reuse_port == true && !socket.local.is_multicast() &&
         !is_multicast_port(socket.local_port);
}

auto order_of(const Holder& holder) {
  const int pid = holder.owner.processes.empty() ? 0 : holder.owner.processes.front().pid;
  const Socket& socket = holder.socket;
  return std::tuple(port_use(socket), holder.owner.kind, socket.local, pid, socket.cookie,
                    socket.inode, socket.peer, socket.peer_port, std::string_view(holder.name));
}

}  // namespace

bool meets(const Holder& holder, const Bind& newcomer, const FindingContext& context) {
  return overlap(holder.socket.protocol, newcomer, bind_of(holder.socket, context.table.links)) !=
         Overlap::no;
}

bool leaves_in_grace(const Holder& holder, const FindingContext& context) {
  const Pod* pod = context.pod_of(holder);
  return pod != nullptr ? terminating_in_grace(*pod, context.now) : holder.pod_terminating;
}

void order_holders(Holders& holders) {
  std::ranges::sort(holders, {}, [](const Holder* holder) { return order_of(*holder); });
}

Holders holders_in_the_way(const Declaration& declaration, const FindingContext& context) {
  Holders holders;
  const Holders& on_port = context.holders_of(declaration.port);
  for (const Holder* holder : on_port) {
    if (holder->owner.kind == HolderKind::nat_rule || is_orphan(*holder)) continue;
    if (was_accepted(*holder, on_port)) continue;
    if (port_use(holder->socket) == PortUse::handshake || lets_servers_bind(*holder)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    if (is_in_the_way(*holder, declaration.port, context)) holders.push_back(holder);
  }
  order_holders(holders);
  return holders;
}

Holders holders_that_share(const Declaration& declaration, const FindingContext& context) {
  std::vector<Bind> own;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (holder->socket.is_server() && !holder->owner.self &&
        relation_of(*holder, declaration, context) == Relation::own) {
      own.push_back(bind_of(holder->socket, context.table.links));
    }
  }
  Holders holders;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (!takes_a_share(*holder)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    // An unknown owner may be the pod itself as long as not every process is visible.
    if (holder->owner.kind == HolderKind::unknown && !context.table.coverage.every_owner) continue;
    const Bind theirs = bind_of(holder->socket, context.table.links);
    if (std::ranges::any_of(own, [&](const Bind& mine) {
          return overlap(holder->socket.protocol, mine, theirs) == Overlap::yes;
        })) {
      holders.push_back(holder);
    }
  }
  order_holders(holders);
  return holders;
}

}  // namespace hostnet
