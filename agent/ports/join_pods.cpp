#include "agent/ports/join_pods.h"

#include <string_view>
#include <unordered_map>

namespace hostnet {

std::string name_of(const Holder& holder) {
  const Owner& owner = holder.owner;
  if (!holder.pod.empty()) return holder.namespace_ + "/" + holder.pod;
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
  for (Holder& holder : holders) {
    const auto pod =
        holder.owner.pod_uid.empty() ? by_uid.end() : by_uid.find(holder.owner.pod_uid);
    const bool known = pod != by_uid.end();
    holder.namespace_ = known ? pod->second->namespace_ : std::string{};
    holder.pod = known ? pod->second->name : std::string{};
    holder.pod_terminating = known && pod->second->deleted_at.has_value();
    holder.name = name_of(holder);
  }
}

}  // namespace hostnet
