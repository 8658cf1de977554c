#pragma once

#include <optional>
#include <span>
#include <string>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"

namespace hostnet {

// Gives holders in pods their namespace and name, by the UID in their cgroup or
// (static pods) by the config hash that their mirror has; NAT rules those of the
// pod whose sandbox they name or to whose addresses they send everything. A pod
// that the source does not know keeps empty names. Sets Holder::name of all. Pure.
void join_pods(std::span<Holder> holders, const PodSnapshot& pods);

// Whether a rule sends packets to an address of the pod. Unset: that cannot be told, as the
// pod has no address of the family (yet, or not in its status), or the rule's targets are
// not all known. Pure.
std::optional<bool> leads_to_pod(const NatRule& rule, const Pod& pod);

// Holder::name, by what is known: namespace/pod, a rule's Service or owner, the
// kernel's device, the unit
// (not a bare slice), the comm, the container runtime, "pod <uid>", the slice.
std::string name_of(const Holder& holder);

}  // namespace hostnet
