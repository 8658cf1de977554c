#include "agent/serve/start_kube_events.h"

#include <fmt/format.h>

#include <utility>

#include "agent/log/log.h"
#include "agent/pods/sources/pod_source_settings.h"
#include "agent/serve/process/hardened.h"

namespace hostnet {
namespace {

Result<ClusterAccess> access_for(const ServeOptions& options) {
  const std::string_view flags = options.report_node_labels
                                     ? "--report.events, --report.node-condition and "
                                       "--report.node-labels"
                                     : "--report.events and --report.node-condition";
  if (!options.sources.node.replay.empty()) {
    return failure(Reason::unsupported, fmt::format("{} do not go with --replay: what was "
                                                    "recorded is not true of a cluster",
                                                    flags));
  }
  auto access = apiserver_access(options.sources.pods);
  if (!access) {
    access.error().message =
        fmt::format("{} need the API server: {}", flags, access.error().message);
  }
  return access;
}

void log_change(std::string_view what, const std::string& problem) {
  if (problem.empty()) {
    log::info("reporting to the API server works again", {{"what", what}});
  } else {
    log::warn("cannot report to the API server", {{"what", what}, {"error", problem}});
  }
}

}  // namespace

Result<std::unique_ptr<KubeEvents>> start_kube_events(AgentMetrics& metrics,
                                                      const ServeOptions& options,
                                                      const std::string& node_name) {
  if (!options.report_events && !options.report_node_condition && !options.report_node_labels) {
    return nullptr;
  }
  auto access = access_for(options);
  if (!access) return std::unexpected(std::move(access).error());
  return std::make_unique<KubeEvents>(KubeEventsSettings{
      .events = options.report_events,
      .node_condition = options.report_node_condition,
      .node_labels = options.report_node_labels,
      .remove_labels_at_end = options.remove_node_labels,
      .node_name = node_name,
      .retry = options.sources.pods.retry,
      .client = [access = *std::move(access)](
                    KubeTiming timing) { return std::make_unique<KubeClient>(access, timing); },
      .on_thread = thread_confiner(options.hardening),
      .on_failure = [&metrics](std::string_view what,
                               Reason reason) { metrics.scan_error(what, reason); },
      .on_change = log_change});
}

}  // namespace hostnet
