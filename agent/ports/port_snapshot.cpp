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

std::string_view container_of_sandbox(std::string_view sandbox) {
  return sandbox.substr(sandbox.rfind('-') + 1);
}

const std::string* PortSnapshot::runtime_of_sandbox(const NatRule& rule) const {
  if (!other_containers || rule.sandbox_id.empty()) return nullptr;
  const auto at = other_containers->find(container_of_sandbox(rule.sandbox_id));
  return at == other_containers->end() ? nullptr : &at->second;
}

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
  const std::string* runtime = table.runtime_of_sandbox(rule);
  if (runtime != nullptr && !runtime->empty()) {
    // containerd namespaces other than the CRI's are nerdctl's; its sandboxes are <namespace>-<id>.
    const bool nerdctls = *runtime == "containerd" && rule.sandbox_id.contains('-');
    holder.owner.container_runtime = nerdctls ? "nerdctl" : *runtime;
    holder.owner.container_id = container_of_sandbox(rule.sandbox_id);
  }
  holder.rule = rule.text;
  holder.nat = {table.nat, &rule};
  (table.pods ? *table.pods : PodIndex()).name(holder);
  return holder;
}

}  // namespace hostnet
