#include "agent/serve/metrics_page.h"

#include <chrono>
#include <utility>

#include "agent/log/log.h"
#include "agent/metrics/ephemeral_ports.h"
#include "agent/metrics/network_changes.h"
#include "agent/metrics/port_collectors.h"
#include "collectors/exposition/exposition.h"
#include "collectors/registry.h"

namespace hostnet {
namespace {

// The default for scrapers that do not say how long they wait.
constexpr std::chrono::seconds kScrapeTimeout{10};

std::vector<std::string> parameters(const HttpRequest& request, const std::string& name) {
  std::vector<std::string> values;
  const auto [first, last] = request.query.equal_range(name);
  for (auto at = first; at != last; ++at) values.push_back(at->second);
  return values;
}

void report_run(AgentMetrics& metrics, std::span<const CollectorOutcome> outcomes,
                std::span<const SharedRead> reads) {
  for (const SharedRead& read : reads) metrics.observe_scan(read.stage, read.seconds);
  for (const CollectorOutcome& outcome : outcomes) {
    if (!outcome.error || outcome.error->reason == Reason::unsupported) continue;
    metrics.scan_error(outcome.name, outcome.error->reason);
    log::warn("collector failed", {{"collector", outcome.name},
                                   {"reason", to_string(outcome.error->reason)},
                                   {"error", outcome.error->message}});
  }
}

// Does not own the counter: an abandoned collector would keep it alive too long.
std::function<Result<NetworkChangeCounts>()> counts_of(
    const std::shared_ptr<ChangeCounter>& changes) {
  if (!changes) return {};
  return [weak = std::weak_ptr(changes)]() -> Result<NetworkChangeCounts> {
    if (const auto counter = weak.lock()) return counter->counts();
    return failure(Reason::vanished, "counting network changes: the agent is stopping");
  };
}

}  // namespace

Result<std::unique_ptr<MetricsPage>> MetricsPage::create(
    std::shared_ptr<const Node> node, const MetricsOptions& options, AgentMetrics& metrics,
    const std::function<std::shared_ptr<const Report>()>& report) {
  auto ledger = std::make_shared<ListenerLedger>();
  RunnerSettings settings;
  settings.scrape_timeout = kScrapeTimeout;
  settings.observer = [&metrics](auto outcomes, auto reads) {
    report_run(metrics, outcomes, reads);
  };
  const auto enabled = [&](std::string_view name) { return options.collectors.contains(name); };
  auto provided =
      port_collectors(report, ledger, [&](std::string_view name, bool) { return enabled(name); });
  std::shared_ptr<ChangeCounter> changes;
  if (enabled("network_changes")) {
    auto started = ChangeCounter::start(
        node, {.neighbours = options.collector_options.boolean("network_changes.neighbours"),
               .on_overrun = [&metrics](std::size_t times) { metrics.overrun("route", times); }});
    if (!started) return std::unexpected(std::move(started).error());
    changes = *std::move(started);
  }
  provided.push_back(ephemeral_ports_collector(enabled("ephemeral_ports")));
  provided.push_back(network_changes_collector(counts_of(changes)));
  auto runner = CollectorRunner::create(
      node, all_collectors(), [&](const Collector& row) { return enabled(row.name); },
      options.collector_options, std::move(provided), std::move(settings));
  if (!runner) return std::unexpected(std::move(runner).error());
  return std::unique_ptr<MetricsPage>(new MetricsPage(std::move(node), metrics, std::move(ledger),
                                                      std::move(changes), *std::move(runner)));
}

MetricsPage::MetricsPage(std::shared_ptr<const Node> node, AgentMetrics& metrics,
                         std::shared_ptr<ListenerLedger> ledger,
                         std::shared_ptr<ChangeCounter> changes,
                         std::unique_ptr<CollectorRunner> runner)
    : node_(std::move(node)),
      metrics_(metrics),
      ledger_(std::move(ledger)),
      changes_(std::move(changes)),
      runner_(std::move(runner)) {}

HttpResponse MetricsPage::answer(const HttpRequest& request) {
  const auto filter =
      runner_->filter(parameters(request, "collect[]"), parameters(request, "exclude[]"));
  if (!filter) return error_answer(request, 400, filter.error().message);

  const ExpositionFormat format = negotiate(header(request.headers, "Accept"));
  const auto budget =
      scrape_budget(header(request.headers, "X-Prometheus-Scrape-Timeout-Seconds"), kScrapeTimeout);
  HttpResponse response;
  response.content_type = content_type(format);
  response.headers.emplace_back("Vary", "Accept");
  response.stream = [this, format, filter = *filter, budget](Sink& sink) {
    metrics_.request_began();
    std::vector<MetricSource> process;
    const auto collected =
        runner_->collect(filter, budget, [&] { process = metrics_.process(*node_); });
    const std::vector<MetricSource> own = metrics_.collect();
    std::vector<const MetricSource*> sources = collected.sources();
    for (const MetricSource& source : own) sources.push_back(&source);
    for (const MetricSource& source : process) sources.push_back(&source);
    const ExpositionResult written = write_exposition(
        std::move(sources), format, [&](std::string_view text) { return sink.write(text); });
    for (const std::string& problem : written.problems) {
      log::warn("series left out of the metrics", {{"problem", problem}});
    }
    if (written.duplicates + written.invalid > 0) metrics_.gathering_failed();
    if (!written.complete) metrics_.encoding_failed();
    metrics_.request_ended(200);
    return written.complete;
  };
  return response;
}

}  // namespace hostnet
