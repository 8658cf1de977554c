#include "agent/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "agent/kube/server_version.h"
#include "agent/log/log.h"
#include "agent/pods/pods_json.h"
#include "agent/preflight/preflight.h"
#include "agent/render/doctor.h"
#include "agent/render/html/render.h"
#include "netlink/node/recording/recorder.h"

namespace hostnet {
namespace {

constexpr int kIncompleteExit = 2;

int could_not(const Error& error) {
  log::complain(error.message);
  return kIncompleteExit;
}

int exit_code_of(CheckVerdict verdict) {
  switch (verdict) {
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

// Done to this process, which is over then: what the daemon would have.
void append_hardening(const HardeningOptions& options, std::vector<PreflightCheck>& checks) {
  auto steps = harden_process(options, 0);
  if (options.filter_syscalls) steps.push_back(filter_syscalls());
  for (HardeningStep& step : steps) {
    PreflightCheck check{.name = "hardening: " + step.name,
                         .level = PreflightCheck::Level::good,
                         .found = step.held.value_or(""),
                         .fix = "",
                         .problem = std::nullopt};
    if (!step.held) {
      check.level = PreflightCheck::Level::limited;
      check.found = "off: " + step.held.error().message;
      check.fix =
          "allow it in the container's security profile, or switch it off with --no-security.*";
    }
    checks.push_back(std::move(check));
  }
}

}  // namespace

int print_answer(std::string_view answer, int code) {
  // A full disk shows when the buffer is written, not before.
  const bool written = std::fwrite(answer.data(), 1, answer.size(), stdout) == answer.size() &&
                       std::fflush(stdout) == 0;
  if (written) return code;
  return could_not(system_failure(errno, "writing the answer").error());
}

int run_conflicts(const CommandOptions& options) {
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  const bool found = std::ranges::any_of(report.findings, [](const Finding& finding) {
    return class_of(finding.verdict) == FindingClass::conflict && !finding.ignored &&
           finding.severity != Severity::info;
  });
  return print_answer(render_findings(options.format, report, FindingClass::conflict, false),
                      found             ? 1
                      : report.complete ? 0
                                        : kIncompleteExit);
}

int run_ports(const CommandOptions& options) {
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return could_not(inputs.error());
  PortFilter filter;
  std::vector<std::uint16_t> asked;
  if (options.port) {
    filter = {.port = options.port->port, .protocol = options.port->protocol};
    asked = {options.port->port};
  }
  const Report report =
      scan_once(inputs->node_context, inputs->pods, inputs->policy, std::move(asked));
  return print_answer(render_ports(options.format, report, filter),
                      report.complete ? 0 : kIncompleteExit);
}

int run_check(const CommandOptions& options) {
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return could_not(inputs.error());
  const CheckQuery query{.protocol = options.port->protocol.value_or(Protocol::tcp),
                         .port = options.port->port,
                         .address = options.address,
                         .v6only = options.v6only};
  const CheckAnswer answer =
      check_once(inputs->node_context, inputs->pods, inputs->policy, {&query, 1}).front();
  return print_answer(render_check(options.format, answer), exit_code_of(answer.verdict));
}

int run_record(const CommandOptions& options) {
  auto node = open_node(options.sources.node);
  if (!node) return could_not(node.error());
  auto recorder = record_node(*std::move(node), options.directory);
  if (!recorder) return could_not(recorder.error());
  auto inputs = read_scan_inputs(options.sources, (*recorder)->node());
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  // What /metrics reads too, so that a replayed agent has it.
  AgentMetrics unheard({.version = "", .revision = "", .exporter_metrics = false});
  if (auto page = MetricsPage::create(inputs->node_context.node, options.metrics, unheard,
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
  return print_answer(
      fmt::format("recorded {} holders of ports and {} declared ports in {}\n",
                  report.table->holders.size(), report.declared.size(), options.directory),
      0);
}

int run_doctor(const CommandOptions& options) {
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) {
    log::complain(inputs.error().message);
    return 1;
  }
  std::vector<PreflightCheck> checks = run_preflight(*inputs->node_context.node, surroundings());
  const auto sources = pod_source_options(options.sources.pods, inputs->node_context.node_name);
  checks.push_back(
      check_pods(*inputs->pods, options.sources.pods.source != "none", sources.not_asked));
  if (options.sources.node.replay.empty()) append_hardening(options.hardening, checks);
  const bool well = std::ranges::all_of(checks, [](const PreflightCheck& check) {
    return check.level == PreflightCheck::Level::good;
  });
  return print_answer(render_doctor(options.format, checks), well ? 0 : 1);
}

}  // namespace hostnet
