#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/config/policy.h"
#include "agent/latest.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/pods/pod.h"
#include "agent/report/history.h"
#include "agent/report/report.h"
#include "agent/serve/metrics_page.h"
#include "agent/version.h"
#include "agent/watch/look.h"

namespace hostnet {

// What the watch, the pod feed and the handlers of requests share. Handlers may outlive
// run_daemon() by a moment: everything in here stays while one of them runs.
struct DaemonState {
  Latest<Report> report;
  Latest<FindingEvents> history;
  Latest<Standing> standing;
  Latest<PodSnapshot> pods;
  Latest<Policy> policy;
  std::atomic<std::int64_t> last_tick;  // steady_milliseconds(); 0: none yet
  AgentMetrics metrics;
  std::unique_ptr<MetricsPage> page;

  explicit DaemonState(bool exporter_metrics)
      : metrics({.version = std::string(kVersion),
                 .revision = std::string(kRevision),
                 .exporter_metrics = exporter_metrics}) {}
};

std::int64_t steady_milliseconds();

}  // namespace hostnet
