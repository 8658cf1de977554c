#include "agent/ports/join_pods.h"

#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace hostnet {

namespace {

std::string name_of_rule(const NatRule& rule) {
  if (!rule.service.empty()) return rule.service;
  if (rule.owner != RuleOwner::other) return std::string(to_string(rule.owner));
  return rule.chains.empty() ? rule.table : rule.chains.back();
}

using PodsByAddress = std::map<IpAddress, const Pod*>;

// Pods with a network of their own: others have the node's addresses.
PodsByAddress pods_by_address(const PodSnapshot& pods) {
  PodsByAddress by_address;
  for (const Pod& pod : pods.pods) {
    if (pod.host_network) continue;
    for (const std::string& text : pod.pod_ips) {
      const auto ip = parse_ip(text);
      if (!ip) continue;
      // A finished pod's address may be another's by now.
      if (pod.terminal()) {
        by_address.try_emplace(*ip, &pod);
      } else {
        by_address.insert_or_assign(*ip, &pod);
      }
    }
  }
  return by_address;
}

// The pod that all of a rule's packets go to.
const Pod* only_target(const NatRule& rule, const PodsByAddress& pods) {
  const Pod* found = nullptr;
  for (const NatTarget& target : rule.targets) {
    const auto at = target.address ? pods.find(*target.address) : pods.end();
    if (at == pods.end() || (found != nullptr && found != at->second)) return nullptr;
    found = at->second;
  }
  return found;
}

// The addresses of the pod that a target may be: of its family.
std::optional<bool> is_an_address_of(const NatTarget& target, const Pod& pod) {
  if (!target.address) return false;  // stays on the node
  const AddressSpan span{*target.address, target.last_address.value_or(*target.address)};
  std::optional<bool> is_one;
  for (const std::string& text : pod.pod_ips) {
    const auto ip = parse_ip(text);
    if (!ip || ip->family != target.address->family) continue;
    if (span.contains(*ip)) return true;
    is_one = false;
  }
  return is_one;
}

}  // namespace

std::optional<bool> leads_to_pod(const NatRule& rule, const Pod& pod) {
  std::optional<bool> leads;
  if (!rule.targets.empty() && rule.targets.size() < kMostTargets) leads = false;
  for (const NatTarget& target : rule.targets) {
    const auto is_one = is_an_address_of(target, pod);
    if (is_one == true) return true;
    if (!is_one) leads.reset();
  }
  return leads;
}

std::string name_of(const Holder& holder) {
  const Owner& owner = holder.owner;
  if (!holder.pod.empty()) return holder.namespace_ + "/" + holder.pod;
  if (holder.nat) return name_of_rule(*holder.nat);
  if (owner.kind == HolderKind::kernel && !holder.device.empty()) return holder.device;
  if (!owner.unit.empty() && !owner.unit.ends_with(".slice")) return owner.unit;
  if (!owner.processes.empty() && !owner.processes.front().comm.empty()) {
    return owner.processes.front().comm;
  }
  if (!owner.container_runtime.empty()) return owner.container_runtime;
  if (!owner.pod_uid.empty()) return "pod " + owner.pod_uid;
  return owner.unit;
}

void join_pods(std::span<Holder> holders, const PodSnapshot& pods) {
  std::unordered_map<std::string_view, const Pod*> by_uid;
  for (const Pod& pod : pods.pods) {
    if (!pod.uid.empty()) by_uid.emplace(pod.uid, &pod);
  }
  // A UID wins over another pod's hash.
  for (const Pod& pod : pods.pods) {
    if (!pod.config_hash.empty()) by_uid.emplace(pod.config_hash, &pod);
  }
  std::optional<PodsByAddress> by_address;  // only where a rule asks
  for (Holder& holder : holders) {
    const auto at = holder.owner.pod_uid.empty() ? by_uid.end() : by_uid.find(holder.owner.pod_uid);
    const Pod* pod = at == by_uid.end() ? nullptr : at->second;
    if (pod == nullptr && holder.nat) {
      if (!by_address) by_address = pods_by_address(pods);
      pod = only_target(*holder.nat, *by_address);
    }
    holder.namespace_ = pod != nullptr ? pod->namespace_ : std::string{};
    holder.pod = pod != nullptr ? pod->name : std::string{};
    holder.pod_terminating = pod != nullptr && pod->deleted_at.has_value();
    holder.name = name_of(holder);
  }
}

}  // namespace hostnet
