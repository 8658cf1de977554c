#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/fleet/agents/answered.h"
#include "netlink/base/clock.h"

namespace hostnet {

// The beginning of every JSON answer of `fleet`, without the closing brace.
std::string fleet_envelope(std::string_view from, WallTime generated_at, bool complete);
// {"node","agent","answered","complete","problems","error"}
std::string node_json(const NodeAnswer& node);
// A list of these.
std::string nodes_json(const std::vector<NodeAnswer>& nodes);
// The object's text with the member "node" prepended.
std::string with_node(const std::string& node, const std::string& object);

}  // namespace hostnet
