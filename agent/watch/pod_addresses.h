#pragma once

// Whether the pods that a source tells of are this node's, by the addresses in their
// status. Pods without an address yet, finished and terminating ones say nothing. Pure.

#include <optional>
#include <span>

#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/facts.h"

namespace hostnet {

// Set where the node of no pod (status.hostIPs) has an address that this node has: what they
// declare may be another node's. `addresses`: of this node; empty, nothing can be told.
std::optional<Problem> pods_of_another_node(std::span<const Pod> pods,
                                            std::span<const Address> addresses);

// Set where a pod on the node's own network has an address (status.podIPs) that this node does
// not have, though the node is its: the kubelet tells it once, and the node has another by now.
std::optional<Problem> pods_with_former_addresses(std::span<const Pod> pods,
                                                  std::span<const Address> addresses);

}  // namespace hostnet
