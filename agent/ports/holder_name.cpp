#include "agent/ports/holder_name.h"

#include <fmt/format.h>

#include <string_view>

namespace hostnet {
namespace {

std::string name_of_rule(const NatRule& rule) {
  if (!rule.service.empty()) return rule.service;
  if (rule.owner != RuleOwner::other) return std::string(to_string(rule.owner));
  return rule.chains.empty() ? rule.table : rule.chains.back();
}

std::string name_of_container(const Owner& owner) {
  std::string name = owner.container_runtime;
  if (!owner.container_id.empty()) name += " " + owner.container_id;
  if (owner.user) name += fmt::format(" of uid {}", *owner.user);
  return name;
}

std::string_view comm_of(const Owner& owner) {
  return owner.processes.empty() ? std::string_view{} : owner.processes.front().comm;
}

bool is_named_unit(std::string_view unit) {
  return !unit.empty() && !unit.ends_with(".slice");
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
  if (owner.kind == HolderKind::unmanaged_container) return name_of_container(owner);
  if (is_named_unit(owner.unit)) return owner.unit;
  if (!comm_of(owner).empty()) return std::string(comm_of(owner));
  if (!owner.pod_uid.empty()) return "pod " + owner.pod_uid;
  return owner.unit;
}

std::string former_name_of(const Holder& holder) {
  const Owner& owner = holder.owner;
  if (!owner.unit_service.empty()) return owner.unit_service;
  if (owner.unit.ends_with(".socket")) return "init.scope";
  if (owner.cgroup.find("/user@") != std::string::npos && owner.user) {
    return fmt::format("user@{}.service", *owner.user);
  }
  if (owner.kind != HolderKind::unmanaged_container) return "";
  if (is_named_unit(owner.unit)) return owner.unit;
  return std::string(comm_of(owner).empty() ? owner.container_runtime : comm_of(owner));
}

}  // namespace hostnet
