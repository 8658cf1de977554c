#include "agent/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "agent/cli/ask_agent.h"
#include "agent/kube/server_version.h"
#include "agent/log/log.h"
#include "agent/pods/pods_json.h"
#include "agent/preflight/preflight.h"
#include "agent/render/doctor.h"
#include "agent/render/exit_codes.h"
#include "agent/render/html/render.h"
#include "netlink/base/text.h"
#include "netlink/node/recording/recorder.h"

namespace hostnet {
namespace {

int could_not(const Error& error) {
  log::complain(error.message);
  return kIncompleteExit;
}

// An answer says where it comes from: an agent knows since when, and has its grace.
std::string with_origin(AgentReply reply, OutputFormat format) {
  std::string& text = reply.body;
  if (format == OutputFormat::json && text.starts_with('{')) {
    text.insert(1, fmt::format(R"("answered_by":{{"from":"agent","pid":{}}},)", reply.pid));
  } else if (text.ends_with('\n')) {
    text.insert(text.size() - 1, fmt::format(" (from the running agent, pid {})", reply.pid));
  }
  return std::move(text);
}

// Prints what the running agent says, as --from has it, and returns the exit code.
// Unset: it is on this call to scan.
std::optional<int> ask_first(const CommandOptions& options, std::string_view path,
                             std::string_view query = {}) {
  if (options.from == AnswerFrom::scan) return std::nullopt;
  auto reply = ask_agent(fmt::format("{}?format={}{}", path, to_string(options.format), query));
  if (reply && reply->status == 200) {
    const int code = reply->exit_code.value_or(0);
    return print_answer(with_origin(*std::move(reply), options.format), code);
  }
  const Error error =
      reply ? Error{.reason = Reason::internal,
                    .system_error = 0,
                    .message = fmt::format("the agent (pid {}) answers {}: {}", reply->pid,
                                           reply->status, trim(reply->body))}
            : reply.error();
  if (options.from == AnswerFrom::agent) return could_not(error);
  // That none runs here, or not for this user, is how many nodes are.
  if (error.reason != Reason::vanished && error.system_error == 0) {
    log::complain(fmt::format("scanning instead: {}", error.message));
  }
  return std::nullopt;
}

int run_findings(const CommandOptions& options, FindingClass finding_class, std::string_view path) {
  if (const auto answered = ask_first(options, path)) return *answered;
  const auto inputs = read_scan_inputs(options.sources);
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  return print_answer(render_findings(options.format, report, finding_class, false),
                      exit_code_of(report, finding_class));
}

std::string port_words(const PortAndProtocol& port) {
  return port.protocol ? fmt::format("{}/{}", port.port, to_string(*port.protocol))
                       : std::to_string(port.port);
}

std::string check_parameters(const CommandOptions& options) {
  return fmt::format("&port={}&protocol={}{}{}", options.port->port,
                     to_string(options.port->protocol.value_or(Protocol::tcp)),
                     options.address ? "&address=" + options.address->to_string() : "",
                     options.v6only ? "&v6only=1" : "");
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
  return run_findings(options, FindingClass::conflict, "/conflicts");
}

int run_risks(const CommandOptions& options) {
  return run_findings(options, FindingClass::risk, "/risks");
}

int run_history(const CommandOptions& options) {
  CommandOptions asked = options;
  if (asked.from == AnswerFrom::automatic) asked.from = AnswerFrom::agent;
  const auto answered = ask_first(asked, "/history");
  return answered ? *answered
                  : could_not({.reason = Reason::unsupported,
                               .system_error = 0,
                               .message = "a scan has no history, only a running agent has"});
}

int run_ports(const CommandOptions& options) {
  const std::string path = options.port ? "/ports/" + port_words(*options.port) : "/ports";
  if (const auto answered = ask_first(options, path)) return *answered;
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
  return print_answer(render_ports(options.format, report, filter), exit_code_of(report));
}

int run_check(const CommandOptions& options) {
  if (const auto answered = ask_first(options, "/check", check_parameters(options)))
    return *answered;
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

// Not having them takes nothing away from what scans see: never worse than good.
PreflightCheck check_bind_events(const CommandOptions& options) {
  PreflightCheck check{.name = "bind events",
                       .level = PreflightCheck::Level::good,
                       .found = "by BPF programs on the root of cgroup v2",
                       .fix = "",
                       .problem = std::nullopt};
  const auto opened = open_bind_events(options.bpf, options.sources.node.paths.sysfs);
  if (opened.limit) {
    check.found = fmt::format("none, scans only; {}; to have them: {}", opened.limit->message,
                              opened.limit->remedy);
  } else if (!opened.events) {
    check.found = "none, scans only, as asked for (--watch.bpf=off)";
  }
  return check;
}

int run_doctor(const CommandOptions& options) {
  const ScanSources scan_sources = on_this_node(options.sources);
  const auto inputs = read_scan_inputs(scan_sources);
  if (!inputs) {
    log::complain(inputs.error().message);
    return 1;
  }
  std::vector<PreflightCheck> checks = run_preflight(*inputs->node_context.node, surroundings());
  const auto sources = pod_source_options(scan_sources.pods, inputs->node_context.node_name);
  checks.push_back(
      check_pods(*inputs->pods, options.sources.pods.source != "none", sources.not_asked));
  if (options.sources.node.replay.empty()) {
    checks.push_back(check_bind_events(options));
    append_hardening(options.hardening, checks);
  }
  const bool well = std::ranges::all_of(checks, [](const PreflightCheck& check) {
    return check.level == PreflightCheck::Level::good;
  });
  return print_answer(render_doctor(options.format, checks), well ? 0 : 1);
}

}  // namespace hostnet
