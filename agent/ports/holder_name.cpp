#include "agent/ports/holder_name.h"

namespace hostnet {
namespace {

std::string name_of_rule(const NatRule& rule) {
  if (!rule.service.empty()) return rule.service;
  if (rule.owner != RuleOwner::other) return std::string(to_string(rule.owner));
  return rule.chains.empty() ? rule.table : rule.chains.back();
}

}  // namespace

std::string name_of(const Holder& holder) {
  const Owner& owner = holder.owner;
  if (!holder.pod.empty()) return holder.namespace_ + "/" + holder.pod;
  if (holder.nat) {
    return owner.container_id.empty() ? name_of_rule(*holder.nat)
                                      : owner.container_runtime + " " + owner.container_id;
  }
  if (owner.kind == HolderKind::kernel && !holder.device.empty()) return holder.device;
  if (!owner.unit.empty() && !owner.unit.ends_with(".slice")) return owner.unit;
  if (!owner.processes.empty() && !owner.processes.front().comm.empty()) {
    return owner.processes.front().comm;
  }
  if (!owner.container_runtime.empty()) return owner.container_runtime;
  if (!owner.pod_uid.empty()) return "pod " + owner.pod_uid;
  return owner.unit;
}

}  // namespace hostnet
