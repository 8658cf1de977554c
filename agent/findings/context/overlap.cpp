#include "agent/findings/context/overlap.h"

#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

Overlap overlap_unless(std::optional<bool> v6only) {
  if (!v6only) return Overlap::unknown;
  return *v6only ? Overlap::no : Overlap::yes;
}

Overlap overlap_of_addresses(const Bind& newcomer, const Bind& holder) {
  const IpAddress mine = newcomer.address.unmapped();
  const IpAddress theirs = holder.address.unmapped();
  if (mine.family == theirs.family) {
    const bool meet = mine == theirs || mine.is_wildcard() || theirs.is_wildcard();
    return meet ? Overlap::yes : Overlap::no;
  }
  if (mine.family == AddressFamily::ipv6) {
    return mine.is_wildcard() ? overlap_unless(newcomer.v6only) : Overlap::no;
  }
  // An IPv4 newcomer. Inside the kernel a connected IPv6 socket carries a
  // stand-in IPv4 address, which only the wildcard of a true IPv4 socket matches.
  const bool meets_stand_in = mine.is_wildcard() && newcomer.address.family == AddressFamily::ipv4;
  if (theirs.is_wildcard() || meets_stand_in) return overlap_unless(holder.v6only);
  return Overlap::no;
}

std::uint32_t vrf_of(std::uint32_t interface, std::span<const Link> links) {
  if (interface == 0) return 0;
  const Link* link = find_link(links, interface);
  if (link == nullptr) return 0;
  if (link->kind == "vrf") return link->index;
  if (!link->master) return 0;
  const Link* master = find_link(links, *link->master);
  return master != nullptr && master->kind == "vrf" ? master->index : 0;
}

}  // namespace

Overlap overlap(Protocol protocol, const Bind& newcomer, const Bind& holder) {
  if (newcomer.interface != 0 && holder.interface != 0 && newcomer.interface != holder.interface) {
    return Overlap::no;
  }
  if (protocol != Protocol::udp && newcomer.vrf != holder.vrf) return Overlap::no;
  return overlap_of_addresses(newcomer, holder);
}

Bind bind_of(const Socket& socket, std::span<const Link> links) {
  Bind bind{.address = socket.local,
            .v6only = socket.v6only,
            .interface = socket.interface,
            .vrf = vrf_of(socket.interface, links)};
  const bool one_ipv6_address =
      socket.local.unmapped().family == AddressFamily::ipv6 && !socket.local.is_wildcard();
  if (one_ipv6_address && port_use(socket) == PortUse::bound) bind.v6only = true;
  return bind;
}

Bind bind_of(const DeclaredPort& declared) {
  return {.address = declared.address.value_or(IpAddress{}), .v6only = false};
}

std::optional<Bind> dual_stack_bind_of(const DeclaredPort& declared) {
  const Bind plain = bind_of(declared);
  if (!plain.address.is_wildcard()) return std::nullopt;
  return Bind{.address = {.family = AddressFamily::ipv6}, .v6only = false};
}

PortUse port_use(const Socket& socket) {
  switch (socket.state) {
    case SocketState::listen:
    case SocketState::close:
    case SocketState::bound_inactive: return PortUse::bound;
    case SocketState::time_wait: return PortUse::time_wait;
    case SocketState::syn_recv:
    case SocketState::new_syn_recv: return PortUse::handshake;
    case SocketState::established:
    case SocketState::syn_sent:
    case SocketState::fin_wait1:
    case SocketState::fin_wait2:
    case SocketState::close_wait:
    case SocketState::last_ack:
    case SocketState::closing: return PortUse::connected;
  }
  return PortUse::connected;
}

}  // namespace hostnet
