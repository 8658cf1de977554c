#include "agent/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/check_files.h"
#include "agent/cli/healthcheck.h"
#include "agent/cli/pod_sources.h"
#include "agent/config/load_policy.h"
#include "agent/footing/footing.h"
#include "agent/kube/server_version.h"
#include "agent/pods/pods_json.h"
#include "agent/report/doctor.h"
#include "agent/report/render.h"
#include "agent/serve/metrics_page.h"
#include "agent/version.h"
#include "agent/watch/look.h"

namespace hostnet {
namespace {

constexpr int kCouldNotLook = 2;

int could_not(const Error& error) {
  fmt::print(stderr, "hostnet-agent: {}\n", error.message);
  return kCouldNotLook;
}

// What every look needs.
struct Looking {
  Standing standing;
  std::shared_ptr<const PodSnapshot> pods;
  Policy policy;
};

Result<Looking> look_from(const CommandLine& line, Node node) {
  auto policy = load_policy(line.config_file);
  if (!policy) return std::unexpected(policy.error());
  const std::string name = node_name_of(line.node_name, node);
  auto pods = pods_now(line, name, node.clock->wall());
  if (!pods) return std::unexpected(pods.error());
  return Looking{.standing = stand_on(std::make_shared<const Node>(std::move(node)), name),
                 .pods = *std::move(pods),
                 .policy = *std::move(policy)};
}

Result<Looking> look_from(const CommandLine& line) {
  auto node = open_node(line);
  if (!node) return std::unexpected(node.error());
  return look_from(line, *std::move(node));
}

Form form_of(const CommandLine& line) {
  return line.format == "json" ? Form::json : Form::text;
}

int run_conflicts(const CommandLine& line) {
  const auto looking = look_from(line);
  if (!looking) return could_not(looking.error());
  const Report report = look_once(looking->standing, looking->pods, looking->policy);
  fmt::print("{}", render_findings(form_of(line), report, FindingClass::conflict, false));
  for (const Finding& finding : report.findings) {
    if (class_of(finding.verdict) == FindingClass::conflict && !finding.ignored &&
        finding.severity != Severity::info) {
      return 1;
    }
  }
  return report.complete ? 0 : kCouldNotLook;
}

int run_ports(const CommandLine& line) {
  const auto looking = look_from(line);
  if (!looking) return could_not(looking.error());
  PortFilter filter;
  std::vector<std::uint16_t> asked;
  if (line.port) {
    filter = {.port = line.port->port, .protocol = line.port->protocol};
    asked = {line.port->port};
  }
  const Report report =
      look_once(looking->standing, looking->pods, looking->policy, std::move(asked));
  fmt::print("{}", render_ports(form_of(line), report, filter));
  return report.complete ? 0 : kCouldNotLook;
}

int run_check(const CommandLine& line) {
  const auto looking = look_from(line);
  if (!looking) return could_not(looking.error());
  const CheckQuery query{.protocol = line.port->protocol.value_or(Protocol::tcp),
                         .port = line.port->port,
                         .address = line.address,
                         .v6only = line.v6only};
  const CheckAnswer answer =
      check_once(looking->standing, *looking->pods, looking->policy, {&query, 1}).front();
  fmt::print("{}", render_check(form_of(line), answer));
  switch (answer.verdict) {
    case CheckVerdict::free: return 0;
    case CheckVerdict::in_use:
    case CheckVerdict::diverted:
    case CheckVerdict::no_such_address: return 1;
    case CheckVerdict::unknown: return kCouldNotLook;
  }
  return kCouldNotLook;
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
  auto looking = look_from(line, (*recorder)->node());
  if (!looking) return could_not(looking.error());
  const Report report = look_once(looking->standing, looking->pods, looking->policy);
  // What /metrics reads too, so that a replayed agent has it.
  AgentMetrics unheard({.version = "", .revision = "", .exporter_metrics = false});
  if (auto page = MetricsPage::create(looking->standing.node, line, unheard,
                                      [] { return std::shared_ptr<const Report>(); })) {
    const HttpResponse metrics = (*page)->answer(HttpRequest{});
    DiscardingSink nowhere;
    metrics.stream(nowhere);
  }
  if (auto done = (*recorder)->attach(kRecordedPods, redacted_pods_json(looking->pods->pods));
      !done) {
    return could_not(done.error());
  }
  if (const auto& version = looking->pods->server_version) {
    auto done = (*recorder)->attach(kRecordedServerVersion, server_version_json(*version));
    if (!done) return could_not(done.error());
  }
  if (auto done = (*recorder)->finish(); !done) return could_not(done.error());
  fmt::print("recorded {} holders of ports and {} declared ports in {}\n",
             report.table->holders.size(), report.declared.size(), line.directory);
  return 0;
}

int run_doctor(const CommandLine& line) {
  const auto looking = look_from(line);
  if (!looking) {
    fmt::print(stderr, "hostnet-agent: {}\n", looking.error().message);
    return 1;
  }
  std::vector<FootingCheck> checks = check_footing(*looking->standing.node, surroundings());
  const auto sources = pod_feed_options(line, looking->standing.node_name);
  checks.push_back(check_pods(*looking->pods, line.pods_source != "none", sources.not_asked));
  fmt::print("{}", render_doctor(form_of(line), checks));
  const bool well = std::ranges::all_of(
      checks, [](const FootingCheck& check) { return check.level == FootingCheck::Level::good; });
  return well ? 0 : 1;
}

}  // namespace

Result<Node> open_node(const CommandLine& line) {
  return line.replay.empty() ? live_node(line.paths) : replayed_node(line.replay);
}

Result<std::shared_ptr<const PodSnapshot>> pods_now(const CommandLine& line,
                                                    const std::string& node_name, WallTime now) {
  if (!line.replay.empty()) return recorded_pods(line.replay, now);
  return read_pods_once(pod_feed_options(line, node_name), now);
}

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
