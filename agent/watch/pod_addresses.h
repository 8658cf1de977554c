#pragma once

// Whether the pods of a source are this node's, by the addresses in their status. Ignores pods
// without an address yet, finished and terminating ones. Pure.

#include <optional>
#include <span>

#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/facts.h"

namespace hostnet {

// Set if no pod's node address (status.hostIPs) is one of this node's: their declarations may be
// another node's. `addresses`: of this node; if empty, nothing can be concluded.
std::optional<Problem> pods_of_another_node(std::span<const Pod> pods,
                                            std::span<const Address> addresses);

// Set if a hostNetwork pod has an address (status.podIPs) that this node does not have, although
// the pod is on this node: the kubelet reports it once, and the node's address has changed since.
std::optional<Problem> pods_with_former_addresses(std::span<const Pod> pods,
                                                  std::span<const Address> addresses);

}  // namespace hostnet
