#pragma once

#include <memory>
#include <string>

#include "agent/config/policy.h"
#include "agent/pods/sources/pod_source_settings.h"
#include "agent/watch/scan.h"
#include "netlink/node/recording/replay.h"

namespace hostnet {

// The inputs of a scan: --path.*, --replay, --pods.*, --config.file.
struct ScanSources {
  NodeOptions node;
  PodSourceSettings pods;
  std::string config_file;
};

// The current pods of the source; for a recording, the recorded ones.
Result<std::shared_ptr<const PodSnapshot>> pods_now(const ScanSources& sources,
                                                    const std::string& node_name, WallTime now);

// Adds the node's own pod sources if no flag names one.
ScanSources on_this_node(ScanSources sources);

// The inputs of every single scan.
struct ScanInputs {
  NodeContext node_context;
  std::shared_ptr<const PodSnapshot> pods;
  Policy policy;
};
Result<ScanInputs> read_scan_inputs(const ScanSources& sources);
// For a node that is already open.
Result<ScanInputs> read_scan_inputs(const ScanSources& sources, Node node);

}  // namespace hostnet
