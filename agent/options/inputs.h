#pragma once

#include <memory>
#include <string>

#include "agent/options/command_line.h"
#include "agent/pods/sources/pod_source_manager.h"
#include "netlink/node/node.h"

namespace hostnet {

// This machine, or the recording of --replay.
Result<Node> open_node(const CommandLine& line);

// What the pod source says right now; of --replay, what it recorded.
Result<std::shared_ptr<const PodSnapshot>> pods_now(const CommandLine& line,
                                                    const std::string& node_name, WallTime now);

}  // namespace hostnet
