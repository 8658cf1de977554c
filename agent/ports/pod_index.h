#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"

namespace hostnet {

// The pods of one scan, indexed by what holders know of them: the only place that names holders.
// Immutable.
class PodIndex {
 public:
  PodIndex() = default;  // without pods
  explicit PodIndex(std::shared_ptr<const PodSnapshot> pods);

  const std::shared_ptr<const PodSnapshot>& pods() const { return pods_; }
  // By UID, or (static pods) by the config hash of their mirror pod; nullptr: not known.
  const Pod* by_uid(std::string_view uid) const;
  // Only pods with their own network: others have the node's addresses.
  const Pod* by_address(const IpAddress& address) const;

  // Sets a holder's namespace and pod name, by its UID or (if its cgroup has none) by a container
  // in a pod's status; for a NAT rule, those of the pod whose sandbox it names or whose addresses
  // are its only targets. Clears them for all other holders. Always sets Holder::name.
  void name(Holder& holder) const;
  // Sets the pod of an owner without one in its cgroup, by the container in the pod's status.
  void identify(Owner& owner) const;

 private:
  std::shared_ptr<const PodSnapshot> pods_;
  std::map<std::string, const Pod*, std::less<>> by_uid_;
  std::map<std::string_view, const Pod*> by_container_;
  std::map<IpAddress, const Pod*> by_address_;
};

// Compares UIDs as written in cgroups ('_') and the API ('-'); an empty one matches nothing.
bool same_pod_uid(std::string_view one, std::string_view other);

// Whether a rule sends packets to an address of the pod. Unset: not known, as the pod has no
// address of the family (yet, or not in its status), or not all targets of the rule are known.
std::optional<bool> leads_to_pod(const NatRule& rule, const Pod& pod);

}  // namespace hostnet
