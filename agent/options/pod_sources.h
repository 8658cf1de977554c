#pragma once

#include <functional>
#include <string>

#include "agent/kube/cluster_access.h"
#include "agent/options/command_line.h"
#include "agent/pods/sources/pod_source_manager.h"

namespace hostnet {

// The pod sources that --pods.* ask for, on_change unset. `auto` means: the API
// server, if this is a pod or a kubeconfig is named; then the kubelet, if a flag
// says how; then manifests. `environment` is getenv(3) or a test's own.
PodSourceOptions pod_source_options(const CommandLine& line, const std::string& node_name,
                                const std::function<const char*(const char*)>& environment);
PodSourceOptions pod_source_options(const CommandLine& line, const std::string& node_name);

// Where the API server is and as whom to come: of --pods.kubeconfig, else of the
// pod's service account.
Result<ClusterAccess> apiserver_access(const CommandLine& line);

}  // namespace hostnet
