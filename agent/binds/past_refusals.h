#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/ports/pod_index.h"
#include "agent/ports/refusal.h"
#include "netlink/node/node.h"

namespace hostnet {

// The unsettled refusals among the binds that were recorded with a node; null: it has none.
// `certain`: the pods are those of the recording.
std::shared_ptr<const std::vector<Refusal>> past_refusals(
    const Node& node, const std::vector<std::string>& node_components, const PodIndex& pods,
    bool certain);

}  // namespace hostnet
