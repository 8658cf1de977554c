#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/findings/context/finding.h"
#include "collectors/framework/collector.h"

namespace hostnet {

struct AgentMetricsSettings {
  std::string version, revision;  // of hostnet_build_info
  bool exporter_metrics = true;   // process_* and promhttp_*; off: --web.disable-exporter-metrics
};

// The agent's metrics about itself. Thread safe: every thread reports here, the
// scrape reads. Counters begin with the process.
class AgentMetrics {
 public:
  explicit AgentMetrics(AgentMetricsSettings settings);
  ~AgentMetrics();
  AgentMetrics(const AgentMetrics&) = delete;
  AgentMetrics& operator=(const AgentMetrics&) = delete;

  // hostnet_scan_duration_seconds{stage}, a histogram from 0.1 ms to 10 s.
  void observe_scan(std::string_view stage, double seconds);
  // hostnet_scan_errors_total{stage,reason}. Not for Reason::unsupported.
  void scan_error(std::string_view stage, Reason reason);
  // hostnet_netlink_overruns_total{family}: events that the kernel dropped.
  void overrun(std::string_view family, std::size_t times = 1);
  // hostnet_syscalls_refused_total: by the seccomp filter.
  void syscalls_refused(std::uint64_t times);
  // hostnet_input_cut_total{what}: items left out of an input that had too many.
  void input_cut(std::string_view what, std::size_t items);
  // hostnet_http_connections: open ones of the HTTP server.
  void http_connections(std::uint64_t open);
  // hostnet_http_connections_dropped_total{reason}: limit, slow_reader, timeout or tls.
  void http_connections_dropped(const char* reason, std::uint64_t connections);
  // hostnet_bind_events: whether binds are reported as they happen.
  void hears_binds(bool hears);
  // hostnet_bind_refusals_total{protocol,errno,holder_kind}; the kind is "" if no holder was found.
  void bind_refused(std::string_view protocol, std::string_view error, std::string_view holder_kind,
                    std::uint64_t times);
  // hostnet_bind_events_dropped_total: those for which there was no room.
  void bind_events_dropped(std::uint64_t events);
  // hostnet_findings_opened_total{class,verdict}: a finding that is new.
  void opened(Verdict verdict);
  // hostnet_config_last_reload_successful and, when it was, its time.
  void config_reloaded(bool successful, WallTime now);
  // promhttp_metric_handler_*: around each answer of the metrics path.
  void request_began();
  void request_ended(int status);
  // A request that was answered without a scrape of its own: refused past
  // --web.max-requests, or given the answer of an equal one.
  void request_answered(int status);
  // promhttp_metric_handler_errors_total{cause}: series that had to be left out
  // (gathering), a page that was not read to its end (encoding).
  void gathering_failed();
  void encoding_failed();

  // All of these and hostnet_build_info, as they are now.
  std::vector<MetricSource> collect() const;
  // process_*, read from `node`; none without exporter metrics.
  std::vector<MetricSource> process(const Node& node) const;

 private:
  struct Families;
  AgentMetricsSettings settings_;
  std::unique_ptr<Families> families_;
  mutable std::atomic<double> boot_;  // for process_metrics()
};

}  // namespace hostnet
