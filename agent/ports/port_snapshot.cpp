#include "agent/ports/port_snapshot.h"

namespace hostnet {
namespace {

std::string pod_uid_of(const NatRule& rule, const PodsByContainer* pods) {
  if (pods != nullptr && !rule.sandbox_id.empty()) {
    if (const auto at = pods->find(rule.sandbox_id); at != pods->end()) return at->second;
  }
  return rule.pod_uid;
}

}  // namespace

Holder holder_of_rule(const PortSnapshot& table, const NatRule& rule, Protocol protocol,
                      std::uint16_t port) {
  Holder holder;
  holder.socket.protocol = protocol;
  holder.socket.local_port = port;
  holder.socket.local.family = rule.scope.family.value_or(AddressFamily::ipv4);
  const auto& destination = rule.scope.destination;
  if (destination && destination->first == destination->last) {
    holder.socket.local = destination->first;
  }
  holder.socket.peer.family = holder.socket.local.family;
  holder.owner.kind = HolderKind::nat_rule;
  holder.owner.pod_uid = pod_uid_of(rule, table.pods_by_container.get());
  holder.rule = rule.text;
  holder.nat = {table.nat, &rule};
  (table.pods ? *table.pods : PodIndex()).name(holder);
  return holder;
}

}  // namespace hostnet
