#include "agent/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/check_files.h"
#include "agent/cli/healthcheck.h"
#include "agent/config/load_policy.h"
#include "agent/kube/server_version.h"
#include "agent/options/inputs.h"
#include "agent/options/version.h"
#include "agent/pods/pods_json.h"
#include "agent/pods/sources/pod_source_settings.h"
#include "agent/preflight/preflight.h"
#include "agent/render/doctor.h"
#include "agent/render/html/render.h"
#include "agent/serve/metrics_page.h"
#include "agent/watch/scan.h"
#include "netlink/node/recording/recorder.h"

namespace hostnet {
namespace {

constexpr int kIncompleteExit = 2;

int could_not(const Error& error) {
  fmt::print(stderr, "hostnet-agent: {}\n", error.message);
  return kIncompleteExit;
}

// What every scan needs.
struct ScanInputs {
  NodeContext node_context;
  std::shared_ptr<const PodSnapshot> pods;
  Policy policy;
};

Result<ScanInputs> begin_scan(const CommandLine& line, Node node) {
  auto policy = load_policy(line.config_file);
  if (!policy) return std::unexpected(policy.error());
  const std::string name = node_name_of(line.pods.node_name, node);
  auto pods = pods_now(line, name, node.clock->wall());
  if (!pods) return std::unexpected(pods.error());
  return ScanInputs{
      .node_context = read_node_context(std::make_shared<const Node>(std::move(node)), name),
      .pods = *std::move(pods),
      .policy = *std::move(policy)};
}

Result<ScanInputs> begin_scan(const CommandLine& line) {
  auto node = open_node(line);
  if (!node) return std::unexpected(node.error());
  return begin_scan(line, *std::move(node));
}

OutputFormat form_of(const CommandLine& line) {
  return line.format == "json" ? OutputFormat::json : OutputFormat::text;
}

int run_conflicts(const CommandLine& line) {
  const auto inputs = begin_scan(line);
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  fmt::print("{}", render_findings(form_of(line), report, FindingClass::conflict, false));
  for (const Finding& finding : report.findings) {
    if (class_of(finding.verdict) == FindingClass::conflict && !finding.ignored &&
        finding.severity != Severity::info) {
      return 1;
    }
  }
  return report.complete ? 0 : kIncompleteExit;
}

int run_ports(const CommandLine& line) {
  const auto inputs = begin_scan(line);
  if (!inputs) return could_not(inputs.error());
  PortFilter filter;
  std::vector<std::uint16_t> asked;
  if (line.port) {
    filter = {.port = line.port->port, .protocol = line.port->protocol};
    asked = {line.port->port};
  }
  const Report report =
      scan_once(inputs->node_context, inputs->pods, inputs->policy, std::move(asked));
  fmt::print("{}", render_ports(form_of(line), report, filter));
  return report.complete ? 0 : kIncompleteExit;
}

int run_check(const CommandLine& line) {
  const auto inputs = begin_scan(line);
  if (!inputs) return could_not(inputs.error());
  const CheckQuery query{.protocol = line.port->protocol.value_or(Protocol::tcp),
                         .port = line.port->port,
                         .address = line.address,
                         .v6only = line.v6only};
  const CheckAnswer answer =
      check_once(inputs->node_context, *inputs->pods, inputs->policy, {&query, 1}).front();
  fmt::print("{}", render_check(form_of(line), answer));
  switch (answer.verdict) {
    case CheckVerdict::free: return 0;
    case CheckVerdict::in_use:
    case CheckVerdict::diverted:
    case CheckVerdict::no_such_address: return 1;
    case CheckVerdict::unknown: return kIncompleteExit;
  }
  return kIncompleteExit;
}

class DiscardingSink final : public Sink {
 public:
  bool write(std::string_view) override { return true; }
};

int run_record(const CommandLine& line) {
  auto node = open_node(line);
  if (!node) return could_not(node.error());
  auto recorder = record_node(*std::move(node), line.directory);
  if (!recorder) return could_not(recorder.error());
  auto inputs = begin_scan(line, (*recorder)->node());
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  // What /metrics reads too, so that a replayed agent has it.
  AgentMetrics unheard({.version = "", .revision = "", .exporter_metrics = false});
  if (auto page = MetricsPage::create(inputs->node_context.node, line, unheard,
                                      [] { return std::shared_ptr<const Report>(); })) {
    const HttpResponse metrics = (*page)->answer(HttpRequest{});
    DiscardingSink nowhere;
    metrics.stream(nowhere);
  }
  if (auto done = (*recorder)->attach(kRecordedPods, redacted_pods_json(inputs->pods->pods));
      !done) {
    return could_not(done.error());
  }
  if (const auto& version = inputs->pods->server_version) {
    auto done = (*recorder)->attach(kRecordedServerVersion, server_version_json(*version));
    if (!done) return could_not(done.error());
  }
  if (auto done = (*recorder)->finish(); !done) return could_not(done.error());
  fmt::print("recorded {} holders of ports and {} declared ports in {}\n",
             report.table->holders.size(), report.declared.size(), line.directory);
  return 0;
}

int run_doctor(const CommandLine& line) {
  const auto inputs = begin_scan(line);
  if (!inputs) {
    fmt::print(stderr, "hostnet-agent: {}\n", inputs.error().message);
    return 1;
  }
  std::vector<PreflightCheck> checks = run_preflight(*inputs->node_context.node, surroundings());
  const auto sources = pod_source_options(line.pods, inputs->node_context.node_name);
  checks.push_back(check_pods(*inputs->pods, line.pods.source != "none", sources.not_asked));
  fmt::print("{}", render_doctor(form_of(line), checks));
  const bool well = std::ranges::all_of(checks, [](const PreflightCheck& check) {
    return check.level == PreflightCheck::Level::good;
  });
  return well ? 0 : 1;
}

}  // namespace

int run_command(const CommandLine& line) {
  switch (line.command) {
    case Command::help: fmt::print("{}", line.help); return 0;
    case Command::version: fmt::print("hostnet-agent, version {}\n", kVersion); return 0;
    case Command::conflicts: return run_conflicts(line);
    case Command::ports: return run_ports(line);
    case Command::check: return line.files.empty() ? run_check(line) : check_files(line);
    case Command::doctor: return run_doctor(line);
    case Command::record: return run_record(line);
    case Command::healthcheck: return run_healthcheck(line);
    case Command::serve: break;  // run_daemon()
  }
  return kUsageExit;
}

}  // namespace hostnet
