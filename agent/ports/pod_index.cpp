#include "agent/ports/pod_index.h"

#include <utility>

#include "agent/ports/holder_name.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::string comparable_uid(std::string_view uid) {
  std::string text(uid);
  for (char& letter : text) letter = letter == '_' ? '-' : ascii_lower(letter);
  return text;
}

// The pod that receives all packets of a rule; nullptr: there is no single one.
const Pod* only_target(const NatRule& rule, const PodIndex& pods) {
  const Pod* found = nullptr;
  for (const NatTarget& target : rule.targets) {
    const Pod* pod = target.address ? pods.by_address(*target.address) : nullptr;
    if (pod == nullptr || (found != nullptr && found != pod)) return nullptr;
    found = pod;
  }
  return found;
}

// Whether the target is an address of the pod; unset: the pod has none of that family.
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

PodIndex::PodIndex(std::shared_ptr<const PodSnapshot> pods) : pods_(std::move(pods)) {
  for (const Pod& pod : pods_->pods) {
    if (!pod.uid.empty()) by_uid_.try_emplace(comparable_uid(pod.uid), &pod);
    for (const Container& container : pod.containers) {
      if (!container.id.empty()) by_container_.try_emplace(container.id, &pod);
    }
    if (pod.host_network) continue;
    for (const std::string& text : pod.pod_ips) {
      const auto ip = parse_ip(text);
      if (!ip) continue;
      // A finished pod's address may belong to another pod by now.
      if (pod.terminal()) {
        by_address_.try_emplace(*ip, &pod);
      } else {
        by_address_.insert_or_assign(*ip, &pod);
      }
    }
  }
  // A UID takes precedence over another pod's hash.
  for (const Pod& pod : pods_->pods) {
    if (!pod.config_hash.empty()) by_uid_.try_emplace(comparable_uid(pod.config_hash), &pod);
  }
}

const Pod* PodIndex::by_uid(std::string_view uid) const {
  if (uid.empty() || by_uid_.empty()) return nullptr;
  const auto found = by_uid_.find(comparable_uid(uid));
  return found == by_uid_.end() ? nullptr : found->second;
}

const Pod* PodIndex::by_address(const IpAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second;
}

void PodIndex::identify(Owner& owner) const {
  if (owner.user || !owner.pod_uid.empty()) return;
  const auto found = by_container_.find(owner.container_id);
  if (found == by_container_.end()) return;
  owner.kind = HolderKind::pod;
  owner.pod_uid = found->second->uid;
}

void PodIndex::name(Holder& holder) const {
  if (!holder.nat) identify(holder.owner);
  const Pod* pod = by_uid(holder.owner.pod_uid);
  if (pod == nullptr && holder.nat) pod = only_target(*holder.nat, *this);
  holder.namespace_ = pod != nullptr ? pod->namespace_ : std::string{};
  holder.pod = pod != nullptr ? pod->name : std::string{};
  holder.pod_terminating = pod != nullptr && pod->deleted_at.has_value();
  holder.name = name_of(holder);
}

bool same_pod_uid(std::string_view one, std::string_view other) {
  return !one.empty() && !other.empty() && comparable_uid(one) == comparable_uid(other);
}

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

}  // namespace hostnet
