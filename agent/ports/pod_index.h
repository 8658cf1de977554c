#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"

namespace hostnet {

// The pods of one scan by what holders tell of them: the only place where holders get their
// names. Immutable.
class PodIndex {
 public:
  PodIndex() = default;  // of no pods
  explicit PodIndex(std::shared_ptr<const PodSnapshot> pods);

  const std::shared_ptr<const PodSnapshot>& pods() const { return pods_; }
  // By UID, or (static pods) by the config hash that their mirror has; nullptr: not known.
  const Pod* by_uid(std::string_view uid) const;
  // Of pods with a network of their own: others have the node's addresses.
  const Pod* by_address(const IpAddress& address) const;

  // Gives a holder in a pod the pod's namespace and name, by its UID or (where its cgroup tells
  // none) by a container that the pod's status has; a NAT rule those of the pod whose sandbox it
  // names or to whose addresses it sends everything. Others keep none. Sets Holder::name of all.
  void name(Holder& holder) const;
  // Gives an owner whose cgroup tells no pod the one whose status has its container.
  void identify(Owner& owner) const;

 private:
  std::shared_ptr<const PodSnapshot> pods_;
  std::map<std::string, const Pod*, std::less<>> by_uid_;
  std::map<std::string_view, const Pod*> by_container_;
  std::map<IpAddress, const Pod*> by_address_;
};

// As cgroup names ('_') and the API ('-') write it; an empty one is nobody's.
bool same_pod_uid(std::string_view one, std::string_view other);

// Whether a rule sends packets to an address of the pod. Unset: that is not known, as the
// pod has no address of the family (yet, or not in its status), or the rule's targets are
// not all known.
std::optional<bool> leads_to_pod(const NatRule& rule, const Pod& pod);

}  // namespace hostnet
