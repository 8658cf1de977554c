#pragma once

#include "agent/http/http_server.h"
#include "agent/metrics/agent_metrics.h"

namespace hostnet {

// Passes what the HTTP server counted to the metrics: call see() regularly.
class ServerWatch {
 public:
  ServerWatch(const HttpServer& server, AgentMetrics& metrics)
      : server_(server), metrics_(metrics) {}
  void see();

 private:
  const HttpServer& server_;
  AgentMetrics& metrics_;
  ServerStats seen_;
};

}  // namespace hostnet
