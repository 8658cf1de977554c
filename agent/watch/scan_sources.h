#pragma once

#include <memory>
#include <string>

#include "agent/config/policy.h"
#include "agent/pods/sources/pod_source_settings.h"
#include "agent/watch/scan.h"
#include "netlink/node/recording/replay.h"

namespace hostnet {

// Where a scan gets everything from: --path.*, --replay, --pods.*, --config.file.
struct ScanSources {
  NodeOptions node;
  PodSourceSettings pods;
  std::string config_file;
};

// What the pod source says right now; of a recording, what it recorded.
Result<std::shared_ptr<const PodSnapshot>> pods_now(const ScanSources& sources,
                                                    const std::string& node_name, WallTime now);

// With what the node itself says of its pods, where no flag says anything.
ScanSources on_this_node(ScanSources sources);

// What every single scan needs.
struct ScanInputs {
  NodeContext node_context;
  std::shared_ptr<const PodSnapshot> pods;
  Policy policy;
};
Result<ScanInputs> read_scan_inputs(const ScanSources& sources);
// With a node that is open already.
Result<ScanInputs> read_scan_inputs(const ScanSources& sources, Node node);

}  // namespace hostnet
