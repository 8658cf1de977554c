// A pod's socket in this network namespace shows that the pod uses hostNetwork. Pods that no source
// knows are skipped: neither their identity nor their declarations are known.

#include <fmt/format.h>

#include <set>
#include <tuple>

#include "agent/findings/context/holders.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {
namespace {

// An unconnected UDP socket in the ephemeral range is most likely a client's.
bool is_server_like(const Socket& socket, const PortRanges& ranges) {
  if (!socket.is_server() || socket.local.is_loopback()) return false;
  return socket.protocol != Protocol::udp || !ranges.ephemeral.contains(socket.local_port);
}

}  // namespace

void undeclared_listener(const FindingContext& context, std::vector<Finding>& found) {
  std::set<PortKey> declared;
  for (const Pod& pod : context.pods.pods) {
    for (const DeclaredPort& port : declared_ports(pod)) declared.emplace(port.protocol, port.port);
  }
  std::map<std::tuple<const Pod*, Protocol, std::uint16_t>, Holders> listeners;
  for (const Holder& holder : context.table.holders) {
    if (holder.owner.kind != HolderKind::pod || holder.owner.self) continue;
    if (!is_server_like(holder.socket, context.table.ranges)) continue;
    if (declared.contains({holder.socket.protocol, holder.socket.local_port})) continue;
    const Pod* pod = context.pod_of(holder);
    if (pod == nullptr) continue;
    listeners[{pod, holder.socket.protocol, holder.socket.local_port}].push_back(&holder);
  }
  for (auto& [key, holders] : listeners) {
    const auto& [pod, protocol, port] = key;
    order_holders(holders);
    const Holder& first = *holders.front();
    Finding finding =
        make_finding(Verdict::undeclared_listener, protocol, port, first.socket.local.to_string(),
                     pod->uid.empty() ? pod->namespace_ + "/" + pod->name : pod->uid);
    add_holders(finding, holders);
    finding.explanation = fmt::format(
        "{}, which no pod declares, so the scheduler may place another user of the port here.",
        describe_holder(first));
    finding.remedy =
        fmt::format("declare containerPort {} ({}) in the pod, or bind it to 127.0.0.1", port,
                    protocol == Protocol::udp ? "UDP" : "TCP");
    found.push_back(std::move(finding));
  }
}

}  // namespace hostnet::rules
