#include "agent/findings/explain_check.h"

#include <fmt/format.h>

#include <string_view>

#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/words.h"

namespace hostnet {

bool does_not_show(const PortSnapshot& table, Protocol protocol) {
  return table.coverage.unread.contains(protocol) ||
         (protocol == Protocol::sctp && !table.coverage.sctp);
}

namespace {

// Why the deciding socket options are not known.
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

std::string place(const CheckAnswer& answer) {
  Socket socket;
  socket.local = answer.address;
  socket.local_port = answer.port;
  return where(socket, "");
}

// "takes its traffic", "takes what arrives on eth0".
std::string takes_words(const Holder& rule, const Bind& newcomer, const PortSnapshot& table) {
  std::string what = "what arrives";
  if (rule.nat) {
    what = arriving_words(*rule.nat, taken_traffic(*rule.nat, newcomer, table), newcomer);
  }
  return "takes " + (what == "what arrives" ? "its traffic" : what);
}

// The start of a sentence about a rule.
std::string as_for_binding(const CheckAnswer& answer) {
  return answer.bindable
             ? fmt::format("A server could bind {}, but ", place(answer))
             : fmt::format("Whether a server could bind {} is not known, and ", place(answer));
}

std::string why_perhaps(const Holder& rule) {
  return rule.nat->targets.empty() ? "sends packets to an unknown destination"
                                   : "has match conditions the agent cannot evaluate";
}

std::string why_unknown(const CheckAnswer& answer, const CheckGrounds& grounds,
                        const PortSnapshot& table) {
  if (does_not_show(table, answer.protocol)) {
    return answer.protocol == Protocol::sctp
               ? "This kernel does not show SCTP sockets."
               : fmt::format("The kernel did not list all {} sockets.", to_string(answer.protocol));
  }
  if (answer.bindable) {
    const Holder& rule = *grounds.perhaps_diverting.front();
    return fmt::format("{}it may not get its traffic: {} {}.", as_for_binding(answer), who(rule),
                       why_perhaps(rule));
  }
  if (grounds.undecided.empty()) {
    return fmt::format("{}/{} has more connections than were read.", answer.port,
                       to_string(answer.protocol));
  }
  const Holder& holder = *grounds.undecided.front();
  return fmt::format("{}, {}{}.", describe_holder(holder), what_decides(holder),
                     why_not_asked(holder));
}

}  // namespace

std::string explain(const CheckAnswer& answer, const CheckGrounds& grounds,
                    const PortSnapshot& table) {
  switch (answer.verdict) {
    case CheckVerdict::no_such_address:
      return fmt::format("The node has no address {}.", answer.address.to_string());
    case CheckVerdict::in_use: return describe_holder(*grounds.blocking.front()) + ".";
    case CheckVerdict::diverted:
      if (!grounds.host_ports.empty()) {
        return fmt::format("{}the hostPort of {} takes its traffic.", as_for_binding(answer),
                           declarer(*grounds.host_ports.front()));
      }
      return fmt::format("{}{} {}.", as_for_binding(answer), who(*grounds.diverting.front()),
                         takes_words(*grounds.diverting.front(), grounds.newcomer, table));
    case CheckVerdict::filtered:
      return fmt::format("{}{}.", as_for_binding(answer), filtered_words(*grounds.filtered));
    case CheckVerdict::unknown: return why_unknown(answer, grounds, table);
    case CheckVerdict::free: break;
  }
  return fmt::format("Nothing stands in the way of a server on {} ({}/{}).", place(answer),
                     answer.port, to_string(answer.protocol));
}

}  // namespace hostnet
