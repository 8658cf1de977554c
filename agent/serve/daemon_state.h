#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/config/policy.h"
#include "agent/findings/report.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/pods/pod.h"
#include "agent/render/history.h"
#include "agent/serve/metrics_page.h"
#include "agent/version/version.h"
#include "agent/watch/scan.h"
#include "netlink/base/latest.h"
#include "netlink/bind_events/kept_binds.h"

namespace hostnet {

// State shared by the watch, the pod feed and the request handlers. Handlers may outlive
// run_daemon() by a moment: everything in here stays alive while one of them runs.
struct DaemonState {
  Latest<Report> report;
  Latest<Report> first_sight;  // until there is a report: Watch's, for pages only
  Latest<FindingEvents> history;
  Latest<FindingEvents> bind_history;  // of bind_refused: a flood displaces no others
  Latest<RefusedBinds> refused_binds;
  std::shared_ptr<const KeptBinds> kept_binds;  // set before the first thread; null: no events
  Latest<NodeContext> node_context;
  Latest<PodSnapshot> pods;
  Latest<Policy> policy;
  std::atomic<std::int64_t> last_tick;  // steady_milliseconds(); 0: none yet
  AgentMetrics metrics;
  std::unique_ptr<MetricsPage> page;

  explicit DaemonState(bool exporter_metrics)
      : metrics({.version = std::string(version()),
                 .revision = std::string(revision()),
                 .exporter_metrics = exporter_metrics}) {}
};

std::int64_t steady_milliseconds();

}  // namespace hostnet
