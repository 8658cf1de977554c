#include "agent/findings/context/host_port_rules.h"

#include <algorithm>
#include <string_view>

#include "agent/ports/pod_index.h"
#include "netlink/base/ascii.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

// Whether a pod has the address, or the node itself (some targets are on the node).
bool is_in_use(const IpAddress& address, const FindingContext& context) {
  const PortSnapshot& table = context.table;
  return (table.pods && table.pods->by_address(address) != nullptr) ||
         contains(table.addresses, address, &Address::ip);
}

bool leads_to_nobody(const NatRule& rule, const FindingContext& context) {
  if (rule.targets.empty()) return false;  // the target is unknown
  return std::ranges::all_of(rule.targets, [&](const NatTarget& target) {
    return target.address && !target.last_address && !target.address->is_loopback() &&
           !is_in_use(*target.address, context);
  });
}

// Nomad names its allocations by UUID (nomad:client/allocrunner/networking_cni.go): no container
// has such a name, so a missing one proves nothing.
bool is_allocation(std::string_view sandbox) {
  return is_uuid(sandbox);
}

// The sandbox no longer exists, or the pod has no containers any more.
bool is_without_sandbox(const NatRule& rule, const FindingContext& context) {
  if (rule.sandbox_id.empty() && rule.pod_uid.empty()) return context.pods.every_pod;
  const auto& containers = context.table.pods_by_container;
  if (!containers || context.table.runtime_of_sandbox(rule)) return false;
  if (!rule.sandbox_id.empty()) {
    return !is_allocation(rule.sandbox_id) && !containers->contains(rule.sandbox_id);
  }
  return std::ranges::none_of(*containers,
                              [&](const auto& one) { return one.second == rule.pod_uid; });
}

}  // namespace

bool is_stale(const NatRule& rule, const FindingContext& context) {
  const PodSnapshot& pods = context.pods;
  return is_host_port(rule) && pods.has_source() && pods.synced && !pods.stale &&
         leads_to_nobody(rule, context) && is_without_sandbox(rule, context);
}

Finding finding_about_rule(Verdict verdict, const NatRule& rule, Protocol protocol,
                           const FindingContext& context) {
  const PacketScope& scope = rule.scope;
  const std::uint16_t port = scope.ports.first;
  const std::string host_ip = scope.destination                     ? scope.destination->to_string()
                              : scope.family == AddressFamily::ipv6 ? "::"
                                                                    : "0.0.0.0";
  std::string targets;
  for (const NatTarget& target : rule.targets) targets += target.to_string() + " ";
  Finding finding = make_finding(verdict, protocol, port, host_ip, rule.sandbox_id, targets);
  for (const Declaration* declaration : context.host_ports_on({protocol, port})) {
    finding.declared_by.push_back(declaration->port);
  }
  finding.held_by.push_back(holder_of_rule(context.table, rule, protocol, port));
  return finding;
}

}  // namespace hostnet
