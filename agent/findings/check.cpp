#include "agent/findings/check.h"

#include <algorithm>

#include "agent/findings/context/holders.h"
#include "agent/findings/context/nat_traffic.h"
#include "agent/findings/context/port_risks.h"
#include "agent/findings/explain_check.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

bool has_ipv6(const PortSnapshot& table) {
  return std::ranges::any_of(table.addresses, [](const Address& address) {
    return address.ip.family == AddressFamily::ipv6;
  });
}

bool shares_prefix(const IpAddress& one, const IpAddress& other, unsigned bits) {
  if (one.family != other.family) return false;
  for (unsigned bit = 0; bit < bits && bit < 128; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if ((one.bytes[bit / 8] & mask) != (other.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool is_in_a_vrf(const Link& link, const std::vector<Link>& links) {
  if (!link.master) return false;
  const Link* master = find_link(links, *link.master);
  return master != nullptr && master->kind == "vrf";
}

// Whether bind() accepts it: an address of the node, any address in the prefix of a loopback
// device's IPv4 address, a wildcard, multicast or broadcast address.
bool node_has(const IpAddress& address, const PortSnapshot& table) {
  constexpr IpAddress kBroadcast{.family = AddressFamily::ipv4, .bytes = {255, 255, 255, 255}};
  const IpAddress wanted = address.unmapped();
  if (wanted.is_wildcard() || wanted.is_multicast() || wanted == kBroadcast) return true;
  if (wanted.family == AddressFamily::ipv4 && wanted.is_loopback()) return true;
  return std::ranges::any_of(table.addresses, [&](const Address& row) {
    const Link* link = find_link(table.links, row.interface);
    if (link == nullptr) return row.ip == wanted;
    if (is_in_a_vrf(*link, table.links)) return false;
    if (row.ip == wanted) return true;
    return is_loopback(*link) && row.ip.family == AddressFamily::ipv4 &&
           shares_prefix(row.ip, wanted, row.prefix_length);
  });
}

// Whether the newcomer can bind alongside this holder. Unset: the kernel does not report it.
// The newcomer sets SO_REUSEADDR on TCP, nothing on UDP, never SO_REUSEPORT.
std::optional<bool> may_bind_beside(const Holder& holder, const Bind& newcomer,
                                    const PortSnapshot& table) {
  const Socket& socket = holder.socket;
  if (holder.owner.kind == HolderKind::nat_rule) return true;
  if (port_use(socket) == PortUse::handshake) return true;  // its listener is here too
  const auto met = overlap(socket.protocol, newcomer, bind_of(socket, table.links));
  if (met == Overlap::no) return true;
  const bool options_decide =
      socket.protocol == Protocol::tcp && socket.state != SocketState::listen;
  if (options_decide) {
    if (!holder.sharing.reuse_address) return std::nullopt;
    if (*holder.sharing.reuse_address) return true;
  }
  if (met == Overlap::unknown) return std::nullopt;
  return false;
}

// The traffic that the newcomer loses to a NAT rule; other holders take none.
TrafficLoss loss_to(const Holder& holder, const Bind& newcomer, const PortSnapshot& table) {
  if (holder.nat) return traffic_loss(*holder.nat, newcomer, holder.socket.local_port, table);
  const bool rule_meets = holder.owner.kind == HolderKind::nat_rule &&
                          overlap(holder.socket.protocol, newcomer,
                                  {.address = holder.socket.local, .v6only = false}) != Overlap::no;
  return rule_meets ? TrafficLoss::certain : TrafficLoss::none;
}

bool may_be_running(const DeclaredPort& port) {
  return port.phase != "Pending";
}

// Every holder of the port; `folded` contains only holders of this port.
std::vector<const Holder*> holders_on(const CheckAnswer& answer, const PortSnapshot& table,
                                      const std::vector<Holder>& folded) {
  std::vector<const Holder*> holders;
  for (const Holder& holder : folded) holders.push_back(&holder);
  for (const Holder& holder : table.holders) {
    const Socket& socket = holder.socket;
    if (socket.protocol == answer.protocol && socket.local_port == answer.port) {
      holders.push_back(&holder);
    }
  }
  return holders;
}

CheckGrounds judge(const CheckAnswer& answer, const Bind& newcomer, const PortSnapshot& table,
                   const std::vector<Holder>& folded) {
  CheckGrounds grounds{.newcomer = newcomer};
  for (const Holder* at : holders_on(answer, table, folded)) {
    const Holder& holder = *at;
    if (const auto loss = loss_to(holder, newcomer, table); loss != TrafficLoss::none) {
      (loss == TrafficLoss::certain ? grounds.diverting : grounds.perhaps_diverting)
          .push_back(&holder);
      continue;
    }
    const auto beside = may_bind_beside(holder, newcomer, table);
    if (beside == true) continue;
    (beside ? grounds.blocking : grounds.undecided).push_back(&holder);
  }
  order_holders(grounds.blocking);
  order_holders(grounds.undecided);
  order_holders(grounds.diverting);
  order_holders(grounds.perhaps_diverting);
  for (const DeclaredPort& port : answer.declared_by) {
    // Nothing forwards a sidecar's hostPort: kubelet does not request it. An existing rule diverts.
    if (port.mode == PortMode::host_port && may_be_running(port) &&
        port.container_type != ContainerType::sidecar) {
      grounds.host_ports.push_back(&port);
    }
  }
  return grounds;
}

std::vector<DeclaredPort> declared_beside(const CheckQuery& query, const Bind& newcomer,
                                          const PodSnapshot& pods, WallTime now) {
  std::vector<DeclaredPort> declared;
  for (const Declaration& declaration : collect_declarations(pods, now)) {
    const DeclaredPort& port = declaration.port;
    if (declaration.rejected || port.protocol != query.protocol || port.port != query.port) {
      continue;
    }
    if (overlap(port.protocol, newcomer, bind_of(port)) != Overlap::no) declared.push_back(port);
  }
  return declared;
}

// Unset: not all sockets on the port, or not all their sharing options, are known.
std::optional<bool> bindable(const CheckGrounds& grounds, const CheckQuery& query,
                             const PortSnapshot& table) {
  if (!grounds.blocking.empty()) return false;
  const bool partly_shown = std::ranges::binary_search(table.coverage.partly_shown,
                                                       std::pair(query.protocol, query.port));
  const bool known =
      grounds.undecided.empty() && !does_not_show(table, query.protocol) && !partly_shown;
  return known ? std::optional(true) : std::nullopt;
}

CheckVerdict verdict_of(const CheckAnswer& answer, const CheckGrounds& grounds) {
  if (answer.bindable == false) return CheckVerdict::in_use;
  if (!grounds.host_ports.empty() || !grounds.diverting.empty()) return CheckVerdict::diverted;
  if (grounds.filtered) return CheckVerdict::filtered;
  if (!grounds.perhaps_diverting.empty()) return CheckVerdict::unknown;
  return answer.bindable ? CheckVerdict::free : CheckVerdict::unknown;
}

}  // namespace

std::string_view to_string(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::free: return "free";
    case CheckVerdict::in_use: return "in_use";
    case CheckVerdict::diverted: return "diverted";
    case CheckVerdict::filtered: return "filtered";
    case CheckVerdict::no_such_address: return "no_such_address";
    case CheckVerdict::unknown: return "unknown";
  }
  return "unknown";
}

CheckAnswer check_port(const CheckQuery& query, const PortSnapshot& table, const PodSnapshot& pods,
                       const Policy& policy, WallTime now) {
  const auto default_family = has_ipv6(table) ? AddressFamily::ipv6 : AddressFamily::ipv4;
  CheckAnswer answer;
  answer.protocol = query.protocol;
  answer.port = query.port;
  answer.address = query.address.value_or(IpAddress{.family = default_family});
  const Bind newcomer{.address = answer.address, .v6only = query.v6only};
  answer.declared_by = declared_beside(query, newcomer, pods, now);
  answer.risks = risks_of_port(query.protocol, query.port, table, policy);
  const std::vector<Holder> folded = folded_on(table.folded, query.protocol, query.port);
  CheckGrounds grounds = judge(answer, newcomer, table, folded);
  if (!node_has(answer.address, table)) {
    answer.bindable = false;
    answer.verdict = CheckVerdict::no_such_address;
  } else {
    answer.bindable = bindable(grounds, query, table);
    if (!query.forwarded) {
      grounds.filtered =
          filtered_server(newcomer, query.protocol, query.port, table, ways_in(table));
    }
    if (grounds.filtered) {
      answer.filtered_by = grounds.filtered->rules;
      answer.risks.push_back(Verdict::port_filtered);
    }
    answer.verdict = verdict_of(answer, grounds);
    for (const auto& group :
         {grounds.blocking, grounds.undecided, grounds.diverting, grounds.perhaps_diverting}) {
      for (const Holder* holder : group) answer.holders.push_back(*holder);
    }
  }
  answer.explanation = explain(answer, grounds, table);
  return answer;
}

}  // namespace hostnet
