#include <algorithm>
#include <array>
#include <tuple>

#include "agent/findings/context.h"
#include "agent/ports/nat/service_addresses.h"

namespace hostnet {
namespace {

bool fails_to_start(const DeclaredPort& port) {
  return port.container_state == "terminated" || port.reason == "CrashLoopBackOff";
}

bool meets(const Holder& holder, const Bind& newcomer, const FindingContext& context) {
  // Where v6only is not known it is off, as it is unless somebody sets it.
  return overlap(holder.socket.protocol, newcomer, bind_of(holder.socket, context.table.links)) !=
         Overlap::no;
}

bool is_in_the_way(const Holder& holder, const DeclaredPort& port, const FindingContext& context) {
  if (meets(holder, bind_of(port), context)) return true;
  // An IPv6-only holder leaves 0.0.0.0 alone but stops a server that opens a
  // dual-stack socket. Which of them this is only shows when it fails.
  const auto dual_stack = dual_stack_bind_of(port);
  return dual_stack && fails_to_start(port) && meets(holder, *dual_stack, context);
}

// A connection that no process has any more (FIN_WAIT, LAST_ACK…), and nobody
// knows whose it was or what was set on it: most are what the pod's own last
// server left behind, and let the next one bind.
bool is_orphan(const Holder& holder) {
  return port_use(holder.socket) == PortUse::connected && holder.socket.inode == 0 &&
         (holder.owner.kind == HolderKind::unknown || !holder.sharing.reuse_address);
}

// Servers set SO_REUSEADDR; so did this socket, and it does not listen.
bool lets_servers_bind(const Holder& holder) {
  return holder.socket.protocol == Protocol::tcp && holder.socket.state != SocketState::listen &&
         holder.sharing.reuse_address == true;
}

// Ports of services whose every client and server binds the port, to hear what
// is sent to all of them: RIP, PTP, SLP, DHCPv6, SSDP, WS-Discovery, mDNS, LLMNR.
bool is_multicast_port(std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 10> kPorts{319, 320,  427,  520,  521,
                                                        546, 1900, 3702, 5353, 5355};
  return std::ranges::binary_search(kPorts, port);
}

// Whether the kernel gives this server a share of what arrives for others on its
// port. TCP listeners can only meet with SO_REUSEPORT.
bool takes_a_share(const Holder& holder) {
  const Socket& socket = holder.socket;
  if (!socket.is_server() || holder.owner.kind == HolderKind::nat_rule) return false;
  if (socket.protocol == Protocol::tcp) return true;
  return holder.sharing.reuse_port == true && !socket.local.is_multicast() &&
         !is_multicast_port(socket.local_port);
}

auto telling_order(const Holder& holder) {
  const int pid = holder.owner.processes.empty() ? 0 : holder.owner.processes.front().pid;
  const Socket& socket = holder.socket;
  return std::tuple(port_use(socket), holder.owner.kind, socket.local, pid, socket.cookie,
                    socket.inode, socket.peer, socket.peer_port, std::string_view(holder.name));
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// kubelet, and what has it or container runtimes inside.
bool is_of_kubelet_or_runtime(const Holder& holder) {
  static constexpr std::array<std::string_view, 13> kNames{
      "kubelet", "containerd", "crio", "cri-o", "dockerd", "docker-proxy", "cri-dockerd",
      "conmon",  "conmonrs",   "k3s",  "rke2",  "k0s",     "kubelite"};
  const auto named = [](std::string_view text) {
    return std::ranges::find(kNames, text) != kNames.end();
  };
  if (holder.owner.kind == HolderKind::pod) return false;
  if (named(file_name(holder.owner.exe))) return true;
  if (holder.owner.kind != HolderKind::node_component) return false;
  return std::ranges::any_of(holder.owner.processes,
                             [&](const Process& process) { return named(process.comm); }) ||
         named(std::string_view(holder.owner.unit).substr(0, holder.owner.unit.rfind('.')));
}

// Ports on which kubelet itself answers, so that it never opened them for a pod
// (kubelet's --healthz-port, --port and --read-only-port).
bool is_kubelets_own(std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 3> kPorts{10248, 10250, 10255};
  return std::ranges::find(kPorts, port) != kPorts.end();
}

}  // namespace

// To keep others from it, or (docker-proxy) to serve it: dockershim's kubelet and CRI-O
// before 1.31 do. CNI portmap's hostPorts have no socket: who listens there loses.
bool implements_host_ports(const Holder& holder, const std::vector<const Holder*>& rules) {
  const bool only_portmap = !rules.empty() && std::ranges::all_of(rules, [](const Holder* rule) {
    return rule->nat->owner == RuleOwner::cni_portmap;
  });
  if (only_portmap || is_kubelets_own(holder.socket.local_port)) return false;
  return is_of_kubelet_or_runtime(holder);
}

// Rules for hostPorts leave Services' addresses alone.
bool would_be_taken(const Holder& listener, const Declaration& declaration,
                    const FindingContext& context) {
  const IpAddress local = listener.socket.local.unmapped();
  const PortSnapshot& table = context.table;
  const auto services = service_devices(table.links);
  const bool serves_a_service =
      !local.is_wildcard() && std::ranges::any_of(table.addresses, [&](const Address& address) {
        return address.ip == local && is_service_address(address, services);
      });
  return !serves_a_service && meets(listener, bind_of(declaration.port), context);
}

void order_holders(std::vector<const Holder*>& holders) {
  std::ranges::sort(holders, {}, [](const Holder* holder) { return telling_order(*holder); });
}

std::vector<const Holder*> holders_in_the_way(const Declaration& declaration,
                                              const FindingContext& context) {
  std::vector<const Holder*> holders;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (holder->owner.kind == HolderKind::nat_rule || is_orphan(*holder)) continue;
    if (port_use(holder->socket) == PortUse::handshake || lets_servers_bind(*holder)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    if (is_in_the_way(*holder, declaration.port, context)) holders.push_back(holder);
  }
  order_holders(holders);
  return holders;
}

std::vector<const Holder*> holders_that_share(const Declaration& declaration,
                                              const FindingContext& context) {
  std::vector<Bind> own;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (holder->socket.is_server() && !holder->owner.self &&
        relation_of(*holder, declaration, context) == Relation::own) {
      own.push_back(bind_of(holder->socket, context.table.links));
    }
  }
  std::vector<const Holder*> holders;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (!takes_a_share(*holder)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    // It may be the pod's own while not every process could be seen.
    if (holder->owner.kind == HolderKind::unknown && !context.table.attribution_complete) continue;
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
