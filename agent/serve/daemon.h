#pragma once

#include <chrono>
#include <string>

#include "agent/binds/open_bind_events.h"
#include "agent/hardening/hardening.h"
#include "agent/http/http_server.h"
#include "agent/reserve/port_reserver.h"
#include "agent/serve/metrics_page.h"
#include "agent/watch/scan_sources.h"

namespace hostnet {

struct ServeOptions {
  ScanSources sources;
  std::chrono::milliseconds watch_interval{1000};
  bool watch_interval_given{};  // else a quiet node is scanned less often
  BpfMode bpf{BpfMode::automatic};

  ServerOptions web;  // its callbacks unset
  std::string telemetry_path{"/metrics"};
  MetricsOptions metrics;

  // --report.*
  bool report_events{}, report_node_condition{}, report_node_labels{}, remove_node_labels{};

  bool reserve_ports{}, restore_on_exit{};  // --fix.*
  ReserverSettings reserver;

  HardeningOptions hardening;
};

// `hostnet-agent serve`: runs until SIGTERM or SIGINT. The exit code: 0, or 1
// when it could not start, with one line on stderr that says why.
int run_daemon(const ServeOptions& options);

}  // namespace hostnet
