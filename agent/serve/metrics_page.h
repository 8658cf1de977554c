#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "agent/findings/report.h"
#include "agent/http/message/http.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/metrics/listener_ledger.h"
#include "agent/watch/change_counter.h"
#include "collectors/framework/runner.h"
#include "netlink/node/node.h"

namespace hostnet {

// Which metrics: --collector.*, --web.disable-exporter-metrics.
struct MetricsOptions {
  std::set<std::string, std::less<>> collectors;  // the ones that are on
  CollectorOptions collector_options;
  bool exporter_metrics{true};  // process_* and promhttp_*
};

// The content of /metrics: the enabled collectors and the agent's own metrics, in
// the requested format. Thread safe.
class MetricsPage {
 public:
  // A bad collector option is an error that names its flag. `metrics` and
  // `report` must outlive the page.
  static Result<std::unique_ptr<MetricsPage>> create(
      std::shared_ptr<const Node> node, const MetricsOptions& options, AgentMetrics& metrics,
      const std::function<std::shared_ptr<const Report>()>& report);

  HttpResponse answer(const HttpRequest& request);
  // The watch passes each report here, so that sockets that come and go between two
  // scrapes are counted.
  void see(const Report& report) { ledger_->update(report); }

 private:
  MetricsPage(std::shared_ptr<const Node> node, AgentMetrics& metrics,
              std::shared_ptr<ListenerLedger> ledger, std::shared_ptr<ChangeCounter> changes,
              std::unique_ptr<CollectorRunner> runner);

  std::shared_ptr<const Node> node_;
  AgentMetrics& metrics_;
  std::shared_ptr<ListenerLedger> ledger_;
  std::shared_ptr<ChangeCounter> changes_;  // null: not asked for
  std::unique_ptr<CollectorRunner> runner_;
};

}  // namespace hostnet
