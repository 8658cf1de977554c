#pragma once

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

// Holder::name, by what is known: namespace/pod, a rule's Service or keeper, the
// kernel's device, the unit
// (not a bare slice), the comm, the container runtime, "pod <uid>", the slice.
std::string name_of(const Holder& holder);

}  // namespace hostnet
