#pragma once

#include <memory>
#include <string>

#include "agent/kube_events/kube_events.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/serve/daemon.h"

namespace hostnet {

// Starts the thread that writes what --report.* request to the node `node_name`; null: nothing is
// requested. Error: there is no API server to write to, or a recording is replayed. `metrics` must
// outlive the thread.
Result<std::unique_ptr<KubeEvents>> start_kube_events(AgentMetrics& metrics,
                                                      const ServeOptions& options,
                                                      const std::string& node_name);

}  // namespace hostnet
