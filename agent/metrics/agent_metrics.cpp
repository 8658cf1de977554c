#include "agent/metrics/agent_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <utility>

#include "agent/metrics/process_metrics.h"
#include "agent/ports/holder.h"
#include "agent/ports/holder_kinds.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

// A scan of a small node takes 0.2 ms, a stuck one seconds.
const std::vector<double>& scan_buckets() {
  static const std::vector<double> kBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                               0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                               1,      2.5,     5,      10};
  return kBuckets;
}

auto& build_counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

auto& build_gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

MetricSource source_of(prometheus::MetricFamily family) {
  auto metrics =
      std::make_shared<const std::vector<prometheus::ClientMetric>>(std::move(family.metric));
  MetricSource source{std::move(family.name), std::move(family.help), family.type, {}, {}};
  if (family.type == prometheus::MetricType::Histogram) {
    source.fill = [metrics = std::move(metrics)](prometheus::MetricFamily& out) {
      out.metric.insert(out.metric.end(), metrics->begin(), metrics->end());
    };
  } else {
    const bool counts = family.type == prometheus::MetricType::Counter;
    source.stream = [metrics = std::move(metrics), counts](Samples& out) {
      for (const auto& metric : *metrics) {
        add_sample(out, metric.label, counts ? metric.counter.value : metric.gauge.value);
      }
    };
  }
  return source;
}

MetricSource opened_source(const std::vector<std::atomic<std::uint64_t>>& opened) {
  using Opened = std::pair<Verdict, std::uint64_t>;
  auto now = std::make_shared<std::vector<Opened>>();
  for (const VerdictInfo& row : kVerdicts) {
    now->emplace_back(row.verdict, opened[static_cast<std::size_t>(row.verdict)]);
  }
  return per_item(
      "hostnet_findings_opened_total", "Findings opened since the agent started.", kCounter,
      std::shared_ptr<const std::vector<Opened>>(std::move(now)),
      [](Samples& family, const Opened& one) {
        add_sample(family,
                   {{"class", to_string(class_of(one.first))}, {"verdict", to_string(one.first)}},
                   static_cast<double>(one.second));
      });
}

}  // namespace

struct AgentMetrics::Families {
  prometheus::Registry own;   // hostnet_*
  prometheus::Registry http;  // promhttp_*
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("hostnet_scan_duration_seconds")
          .Help("Duration of each scan stage in seconds.")
          .Register(own);
  prometheus::Family<prometheus::Counter>& errors =
      build_counter(own, "hostnet_scan_errors_total", "Failed reads by stage and reason.");
  prometheus::Family<prometheus::Counter>& overruns =
      build_counter(own, "hostnet_netlink_overruns_total",
                    "Times that netlink events were lost because the receive buffer was full.");
  prometheus::Counter& syscalls_refused =
      build_counter(own, "hostnet_syscalls_refused_total",
                    "System calls denied by the agent's seccomp filter.")
          .Add({});
  prometheus::Gauge& bind_events =
      build_gauge(own, "hostnet_bind_events", "Whether refused binds are observed as they happen.")
          .Add({});
  prometheus::Family<prometheus::Counter>& bind_refusals = build_counter(
      own, "hostnet_bind_refusals_total", "Refused bind() calls by error and kind of holder.");
  prometheus::Counter& bind_events_dropped =
      build_counter(own, "hostnet_bind_events_dropped_total",
                    "Bind events lost because the buffer was full.")
          .Add({});
  prometheus::Family<prometheus::Counter>& cuts = build_counter(
      own, "hostnet_input_cut_total", "Input items left out because of a limit, by kind.");
  prometheus::Gauge& connections =
      build_gauge(own, "hostnet_http_connections", "Open connections of the HTTP server.").Add({});
  prometheus::Family<prometheus::Counter>& dropped_connections =
      build_counter(own, "hostnet_http_connections_dropped_total",
                    "Connections that the HTTP server closed before the response was sent.");
  // Indexed by place in the catalogue; every scrape shows all, too many for the registry.
  std::vector<std::atomic<std::uint64_t>> opened =
      std::vector<std::atomic<std::uint64_t>>(kVerdictCount);
  prometheus::Gauge& reload_successful =
      build_gauge(own, "hostnet_config_last_reload_successful",
                  "Whether the last configuration reload was successful.")
          .Add({});
  prometheus::Gauge& reload_time =
      build_gauge(own, "hostnet_config_last_reload_success_timestamp_seconds",
                  "Timestamp of the last successful configuration reload.")
          .Add({});
  prometheus::Family<prometheus::Gauge>& build_info =
      build_gauge(own, "hostnet_build_info", "Version and revision of the agent.");
  prometheus::Family<prometheus::Counter>& requests =
      build_counter(http, "promhttp_metric_handler_requests_total",
                    "Total number of scrapes by HTTP status code.");
  prometheus::Family<prometheus::Counter>& handler_errors =
      build_counter(http, "promhttp_metric_handler_errors_total",
                    "Scrapes with series left out (gathering) or cut short (encoding).");
  prometheus::Gauge& in_flight =
      build_gauge(http, "promhttp_metric_handler_requests_in_flight", "Scrapes being answered.")
          .Add({});
};

AgentMetrics::AgentMetrics(AgentMetricsSettings settings)
    : settings_(std::move(settings)), families_(std::make_unique<Families>()) {
  families_->build_info.Add({{"version", settings_.version}, {"revision", settings_.revision}})
      .Set(1);
  // No configuration was rejected yet: an agent without a file must raise no alert.
  families_->reload_successful.Set(1);
  // Present at 0, so that increase() sees the first one.
  families_->overruns.Add({{"family", "route"}});
  for (const char* what : {"bind_refusals", "pods", "ports"}) families_->cuts.Add({{"what", what}});
  for (const char* reason : {"limit", "slow_reader", "timeout", "tls"}) {
    families_->dropped_connections.Add({{"reason", reason}});
  }
  for (const char* code : {"200", "500", "503"}) families_->requests.Add({{"code", code}});
  for (const char* cause : {"encoding", "gathering"}) {
    families_->handler_errors.Add({{"cause", cause}});
  }
}

AgentMetrics::~AgentMetrics() = default;

void AgentMetrics::observe_scan(std::string_view stage, double seconds) {
  families_->durations.Add({{"stage", std::string(stage)}}, scan_buckets()).Observe(seconds);
}

void AgentMetrics::http_connections(std::uint64_t open) {
  families_->connections.Set(static_cast<double>(open));
}

void AgentMetrics::http_connections_dropped(const char* reason, std::uint64_t connections) {
  families_->dropped_connections.Add({{"reason", reason}})
      .Increment(static_cast<double>(connections));
}

void AgentMetrics::syscalls_refused(std::uint64_t times) {
  families_->syscalls_refused.Increment(static_cast<double>(times));
}

void AgentMetrics::scan_error(std::string_view stage, Reason reason) {
  families_->errors.Add({{"stage", std::string(stage)}, {"reason", std::string(to_string(reason))}})
      .Increment();
}

void AgentMetrics::overrun(std::string_view family, std::size_t times) {
  families_->overruns.Add({{"family", std::string(family)}}).Increment(static_cast<double>(times));
}

void AgentMetrics::input_cut(std::string_view what, std::size_t items) {
  families_->cuts.Add({{"what", std::string(what)}}).Increment(static_cast<double>(items));
}

void AgentMetrics::hears_binds(bool hears) {
  families_->bind_events.Set(hears ? 1 : 0);
  if (!hears) return;
  // Present at 0, as above.
  for (const char* protocol : {"tcp", "udp"}) {
    for (const HolderKind kind : kHolderKinds) {
      if (kind == HolderKind::nat_rule) continue;  // refuses no bind()
      bind_refused(protocol, "EADDRINUSE", to_string(kind), 0);
    }
  }
}

void AgentMetrics::bind_refused(std::string_view protocol, std::string_view error,
                                std::string_view holder_kind, std::uint64_t times) {
  families_->bind_refusals
      .Add({{"protocol", std::string(protocol)},
            {"errno", std::string(error)},
            {"holder_kind", std::string(holder_kind)}})
      .Increment(static_cast<double>(times));
}

void AgentMetrics::bind_events_dropped(std::uint64_t events) {
  families_->bind_events_dropped.Increment(static_cast<double>(events));
}

void AgentMetrics::opened(Verdict verdict) {
  ++families_->opened[static_cast<std::size_t>(verdict)];
}

void AgentMetrics::config_reloaded(bool successful, WallTime now) {
  families_->reload_successful.Set(successful ? 1 : 0);
  if (successful) {
    families_->reload_time.Set(static_cast<double>(now.time_since_epoch().count()) / 1000);
  }
}

void AgentMetrics::request_began() {
  families_->in_flight.Increment();
}

void AgentMetrics::request_ended(int status) {
  families_->in_flight.Decrement();
  request_answered(status);
}

void AgentMetrics::request_answered(int status) {
  families_->requests.Add({{"code", std::to_string(status)}}).Increment();
}

void AgentMetrics::gathering_failed() {
  families_->handler_errors.Add({{"cause", "gathering"}}).Increment();
}

void AgentMetrics::encoding_failed() {
  families_->handler_errors.Add({{"cause", "encoding"}}).Increment();
}

std::vector<MetricSource> AgentMetrics::collect() const {
  std::vector<MetricSource> sources;
  for (auto& family : families_->own.Collect()) sources.push_back(source_of(std::move(family)));
  sources.push_back(opened_source(families_->opened));
  if (!settings_.exporter_metrics) return sources;
  for (auto& family : families_->http.Collect()) sources.push_back(source_of(std::move(family)));
  return sources;
}

std::vector<MetricSource> AgentMetrics::process(const Node& node) const {
  if (!settings_.exporter_metrics) return {};
  return process_metrics(*node.files, node.identity.page_size, boot_);
}

}  // namespace hostnet
