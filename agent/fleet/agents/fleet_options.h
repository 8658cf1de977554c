#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "agent/kube/cluster_access.h"
#include "agent/ports/parse_port.h"
#include "agent/render/output_format.h"

namespace hostnet {

// The options of `fleet`.
struct FleetOptions {
  std::string kubeconfig;  // "": $KUBECONFIG, ~/.kube/config, or in a pod its service account
  std::string context;     // "": the current one
  std::optional<ClusterAccess> server;  // a `kubectl proxy`, in place of a kubeconfig
  std::string namespace_;               // of the agents; "": found by their label
  std::string selector{"app.kubernetes.io/name=hostnet-agent"};
  std::optional<ClusterAccess> prometheus;  // query its stored series instead of the agents
  std::optional<PortAndProtocol> port;      // --port
  std::string pod;                          // --pod: "NAMESPACE/NAME"
  std::chrono::milliseconds patience{std::chrono::seconds(10)};  // for one agent
  Output output{OutputFormat::text};
};

}  // namespace hostnet
