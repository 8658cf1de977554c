#include "agent/findings/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/filtered.h"
#include "agent/findings/context/holders.h"
#include "agent/findings/context/nat_traffic.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/port_risks.h"
#include "agent/findings/context/words.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kLoopbackDevice = 772;  // ARPHRD_LOOPBACK

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
  const auto master = std::ranges::find(links, *link.master, &Link::index);
  return master != links.end() && master->kind == "vrf";
}

// Whether bind() accepts it: an address of the node, everything in the prefix
// of a loopback device's IPv4 address, the wildcards, multicast, broadcast.
bool node_has(const IpAddress& address, const PortSnapshot& table) {
  constexpr IpAddress kBroadcast{.family = AddressFamily::ipv4, .bytes = {255, 255, 255, 255}};
  const IpAddress wanted = address.unmapped();
  if (wanted.is_wildcard() || wanted.is_multicast() || wanted == kBroadcast) return true;
  if (wanted.family == AddressFamily::ipv4 && wanted.is_loopback()) return true;
  return std::ranges::any_of(table.addresses, [&](const Address& row) {
    const auto link = std::ranges::find(table.links, row.interface, &Link::index);
    if (link == table.links.end()) return row.ip == wanted;
    if (is_in_a_vrf(*link, table.links)) return false;
    if (row.ip == wanted) return true;
    return link->type == kLoopbackDevice && row.ip.family == AddressFamily::ipv4 &&
           shares_prefix(row.ip, wanted, row.prefix_length);
  });
}

// May the newcomer bind beside this holder? Unset: the kernel does not tell.
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

// What the newcomer loses to a rule; to anything else nothing.
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

// Why the options that decide are not known.
std::string_view why_not_asked(const Holder& holder) {
  switch (holder.sharing.unknown.value_or(Reason::internal)) {
    case Reason::vanished: return ", and no process has it open that could be asked";
    case Reason::denied: return ", and asking it was denied (SYS_PTRACE, Yama or seccomp)";
    case Reason::unsupported: return ", which this kernel or recording does not tell";
    default: return "";
  }
}

std::string_view what_decides(const Holder& holder) {
  if (holder.socket.protocol == Protocol::udp || holder.sharing.reuse_address) {
    return "which stands in the way unless that socket is v6only";
  }
  if (port_use(holder.socket) == PortUse::time_wait) {
    return "which stands in the way unless both sides set SO_REUSEADDR";
  }
  if (port_use(holder.socket) == PortUse::bound) {
    return "which stands in the way unless that socket has SO_REUSEADDR";
  }
  return "which stands in the way unless that socket has SO_REUSEADDR (an outgoing connection "
         "has not)";
}

struct Judgement {
  Bind newcomer;
  std::vector<const Holder*> blocking, undecided, diverting, perhaps_diverting;
  std::vector<const DeclaredPort*> host_ports;
  std::optional<Filtered> filtered;
};

std::string place(const CheckAnswer& answer) {
  Socket socket;
  socket.local = answer.address;
  socket.local_port = answer.port;
  return where(socket, "");
}

// Somebody may be on any port of this protocol and not be seen.
bool does_not_show(const PortSnapshot& table, Protocol protocol) {
  return table.coverage.unread.contains(protocol) ||
         (protocol == Protocol::sctp && !table.coverage.sctp);
}

// "takes its traffic", "takes what arrives on eth0".
std::string takes_words(const Holder& rule, const Bind& newcomer, const PortSnapshot& table) {
  std::string what = "what arrives";
  if (rule.nat) {
    what = arriving_words(*rule.nat, taken_traffic(*rule.nat, newcomer, table), newcomer);
  }
  return "takes " + (what == "what arrives" ? "its traffic" : what);
}

// How a sentence about a rule begins.
std::string as_for_binding(const CheckAnswer& answer) {
  return answer.bindable
             ? fmt::format("A server could bind {}, but ", place(answer))
             : fmt::format("Whether a server could bind {} is not known, and ", place(answer));
}

std::string why_perhaps(const Holder& rule) {
  return rule.nat->targets.empty() ? "sends packets to an unknown destination"
                                   : "has match conditions the agent cannot evaluate";
}

std::string explain(const CheckAnswer& answer, const Judgement& judgement,
                    const PortSnapshot& table) {
  const auto name = fmt::format("{}/{}", answer.port, to_string(answer.protocol));
  switch (answer.verdict) {
    case CheckVerdict::no_such_address:
      return fmt::format("The node has no address {}.", answer.address.to_string());
    case CheckVerdict::in_use: {
      return describe_holder(*judgement.blocking.front()) + ".";
    }
    case CheckVerdict::diverted:
      if (!judgement.host_ports.empty()) {
        return fmt::format("{}the hostPort of {} takes its traffic.", as_for_binding(answer),
                           declarer(*judgement.host_ports.front()));
      }
      return fmt::format("{}{} {}.", as_for_binding(answer), who(*judgement.diverting.front()),
                         takes_words(*judgement.diverting.front(), judgement.newcomer, table));
    case CheckVerdict::filtered:
      return fmt::format("{}{}.", as_for_binding(answer), filtered_words(*judgement.filtered));
    case CheckVerdict::unknown: {
      if (does_not_show(table, answer.protocol)) {
        return answer.protocol == Protocol::sctp
                   ? "This kernel does not show SCTP sockets."
                   : fmt::format("The kernel did not list all {} sockets.",
                                 to_string(answer.protocol));
      }
      if (answer.bindable) {
        const Holder& rule = *judgement.perhaps_diverting.front();
        return fmt::format("{}it may not get its traffic: {} {}.", as_for_binding(answer),
                           who(rule), why_perhaps(rule));
      }
      if (judgement.undecided.empty()) {
        return fmt::format("{} has more connections than were read.", name);
      }
      const Holder& holder = *judgement.undecided.front();
      return fmt::format("{}, {}{}.", describe_holder(holder), what_decides(holder),
                         why_not_asked(holder));
    }
    case CheckVerdict::free: break;
  }
  return fmt::format("Nothing stands in the way of a server on {} ({}).", place(answer), name);
}

// Everything on a port: those of `folded` are on it.
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

Judgement judge(const CheckAnswer& answer, const Bind& newcomer, const PortSnapshot& table,
                const std::vector<Holder>& folded) {
  Judgement judgement{.newcomer = newcomer};
  for (const Holder* at : holders_on(answer, table, folded)) {
    const Holder& holder = *at;
    if (const auto loss = loss_to(holder, newcomer, table); loss != TrafficLoss::none) {
      (loss == TrafficLoss::certain ? judgement.diverting : judgement.perhaps_diverting)
          .push_back(&holder);
      continue;
    }
    const auto beside = may_bind_beside(holder, newcomer, table);
    if (beside == true) continue;
    (beside ? judgement.blocking : judgement.undecided).push_back(&holder);
  }
  order_holders(judgement.blocking);
  order_holders(judgement.undecided);
  order_holders(judgement.diverting);
  order_holders(judgement.perhaps_diverting);
  for (const DeclaredPort& port : answer.declared_by) {
    // A sidecar's is forwarded by nobody: kubelet does not ask for it. Where a rule is, it diverts.
    if (port.mode == PortMode::host_port && may_be_running(port) &&
        port.container_type != ContainerType::sidecar) {
      judgement.host_ports.push_back(&port);
    }
  }
  return judgement;
}

CheckVerdict verdict_of(const CheckAnswer& answer, const Judgement& judgement) {
  if (answer.bindable == false) return CheckVerdict::in_use;
  if (!judgement.host_ports.empty() || !judgement.diverting.empty()) return CheckVerdict::diverted;
  if (judgement.filtered) return CheckVerdict::filtered;
  if (!judgement.perhaps_diverting.empty()) return CheckVerdict::unknown;
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
  for (const Declaration& declaration : collect_declarations(pods, now)) {
    const DeclaredPort& port = declaration.port;
    if (declaration.rejected || port.protocol != query.protocol || port.port != query.port) {
      continue;
    }
    if (overlap(port.protocol, newcomer, bind_of(port)) != Overlap::no) {
      answer.declared_by.push_back(port);
    }
  }
  answer.risks = risks_of_port(query.protocol, query.port, table, policy);
  const bool partly_shown = std::ranges::binary_search(table.coverage.partly_shown,
                                                       std::pair(query.protocol, query.port));
  const std::vector<Holder> folded = folded_on(table.folded, query.protocol, query.port);
  Judgement judgement = judge(answer, newcomer, table, folded);
  if (!node_has(answer.address, table)) {
    answer.bindable = false;
    answer.verdict = CheckVerdict::no_such_address;
  } else {
    if (!judgement.blocking.empty()) {
      answer.bindable = false;
    } else if (judgement.undecided.empty() && !does_not_show(table, query.protocol) &&
               !partly_shown) {
      answer.bindable = true;
    }
    if (!query.forwarded) {
      judgement.filtered =
          filtered_server(newcomer, query.protocol, query.port, table, ways_in(table));
    }
    if (judgement.filtered) {
      answer.filtered_by = judgement.filtered->rules;
      answer.risks.push_back(Verdict::port_filtered);
    }
    answer.verdict = verdict_of(answer, judgement);
    for (const auto& group : {judgement.blocking, judgement.undecided, judgement.diverting,
                              judgement.perhaps_diverting}) {
      for (const Holder* holder : group) answer.holders.push_back(*holder);
    }
  }
  answer.explanation = explain(answer, judgement, table);
  return answer;
}

}  // namespace hostnet
