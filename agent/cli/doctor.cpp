// `doctor`: what this process may see, what a scan cannot see, and what the running agent reports.

#include "agent/render/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/cli/ask_agent.h"
#include "agent/cli/commands.h"
#include "agent/cli/terminal.h"
#include "agent/log/log.h"
#include "agent/preflight/preflight.h"
#include "agent/render/json_reading.h"
#include "netlink/base/ranges.h"
#include "netlink/base/worker.h"
#include "netlink/process_sockets/iterate_process_sockets.h"

namespace hostnet {
namespace {

using Level = PreflightCheck::Level;

// Tried on another thread: this one has yet to inspect processes.
HardeningStep confined_elsewhere() {
  HardeningStep step{.name = "landlock", .held = "not tried"};
  Worker worker("landlock");
  const auto given = worker.give([&step] { step = confine_thread(); });
  if (!given) return {.name = "landlock", .held = std::unexpected(given.error())};
  worker.wait();
  return step;
}

// Applied to this process, which ends afterwards: the measures that the daemon would take.
void append_hardening(const HardeningOptions& options, std::vector<PreflightCheck>& checks) {
  auto steps = harden_process(options, 0);
  if (options.confine_threads && options.no_new_privileges) steps.push_back(confined_elsewhere());
  if (options.filter_syscalls) steps.push_back(filter_syscalls());
  for (HardeningStep& step : steps) {
    PreflightCheck check{
        .name = "hardening: " + step.name, .level = Level::good, .found = step.held.value_or("")};
    if (!step.held) {
      check.level = Level::limited;
      check.found = "off: " + step.held.error().message;
      check.fix =
          "allow it in the container's security profile, or switch it off with --no-security.*";
    }
    checks.push_back(std::move(check));
  }
}

// Scans see as much without them: never worse than good.
PreflightCheck check_bind_events(const CommandOptions& options) {
  PreflightCheck check{.name = "bind events",
                       .level = Level::good,
                       .found = "by BPF programs on the root of cgroup v2"};
  const auto opened = open_bind_events(options.bpf, options.sources.node.paths);
  if (opened.limit) {
    check.found = fmt::format("none, scans only; {}; to have them: {}", opened.limit->message,
                              opened.limit->remedy);
  } else if (!opened.events) {
    check.found = "none, scans only, as asked for (--watch.bpf=off)";
  }
  return check;
}

// Scans see the same either way.
PreflightCheck check_process_sockets(const NodeOptions& node) {
  PreflightCheck check{.name = "process sockets",
                       .level = Level::good,
                       .found = "a start reads them by a BPF iterator"};
  if (!node.bpf) {
    check.found = "read from procfs, as asked for (--watch.bpf=off)";
  } else if (!has_many_processes(node.paths.procfs)) {
    check.found = fmt::format("read from procfs: fewer than {} processes", kManyProcesses);
  } else if (const auto tried = iterate_process_sockets(node.paths.procfs); !tried) {
    check.found = fmt::format("read from procfs: {}{}", tried.error().message,
                              tried.error().reason == Reason::denied
                                  ? "; for a faster start grant the capabilities BPF and PERFMON"
                                  : "");
  }
  return check;
}

bool told_by_another_check(const Problem& problem, const std::vector<PreflightCheck>& checks) {
  constexpr std::array<std::string_view, 3> kOfPods{"pod_source_error", "pods_not_synced",
                                                    "pods_stale"};
  return contains(kOfPods, problem.code) ||
         std::ranges::any_of(checks, [&](const PreflightCheck& check) {
           return check.problem && check.problem->code == problem.code;
         });
}

PreflightCheck of_problem(std::string name, std::string message, std::string remedy) {
  return {.name = std::move(name),
          .level = Level::limited,
          .found = std::move(message),
          .fix = std::move(remedy)};
}

// The problems that make a scan incomplete, as in its last line.
void append_scan(const ScanInputs& inputs, std::vector<PreflightCheck>& checks) {
  const Report report = scan_once(inputs.node_context, inputs.pods, inputs.policy);
  for (const Problem& problem : report.problems) {
    if (told_by_another_check(problem, checks)) continue;
    checks.push_back(of_problem("scan: " + problem.code, problem.message, problem.remedy));
  }
}

// It may have other rights and flags than this call: the problems of its answers are listed, too.
void append_agent(std::vector<PreflightCheck>& checks) {
  const auto reply = ask_agent("/conflicts?format=json");
  if (!reply) {
    if (reply.error().reason == Reason::denied && reply.error().system_error == 0) {
      checks.push_back(of_problem("running agent", reply.error().message,
                                  "find out what that process is and who made the socket"));
    }
    return;
  }
  const auto json = read_json(reply->body);
  const std::string pid = fmt::format("pid {}", reply->pid);
  const bool whole = json.is_object() && json.contains("problems") && json["problems"].is_array();
  if (reply->status != 200 || !whole) {
    checks.push_back(of_problem("running agent", fmt::format("{} answers {}", pid, reply->status),
                                "see its log"));
    return;
  }
  checks.push_back({.name = "running agent",
                    .level = Level::good,
                    .found = pid + (true_at(json, "complete") ? ", its answers are complete"
                                                              : ", its answers are incomplete")});
  for (const auto& problem : json["problems"]) {
    checks.push_back(of_problem("running agent: " + text_at(problem, "code"),
                                text_at(problem, "message"), text_at(problem, "remedy")));
  }
}

}  // namespace

int run_doctor(const CommandOptions& options) {
  const ScanSources scan_sources = on_this_node(options.sources);
  const auto inputs = read_scan_inputs(scan_sources);
  if (!inputs) {
    log::complain(inputs.error().message);
    return 1;
  }
  std::vector<PreflightCheck> checks =
      run_preflight(*inputs->node_context.node, surroundings()).checks;
  const auto sources = pod_source_options(scan_sources.pods, inputs->node_context.node_name);
  checks.push_back(
      check_pods(*inputs->pods, scan_sources.pods.source != "none", sources.not_asked));
  append_scan(*inputs, checks);
  if (auto beside = check_node_exporter(*inputs->node_context.node)) {
    checks.push_back(*std::move(beside));
  }
  if (options.from != AnswerFrom::scan) append_agent(checks);
  if (options.sources.node.replay.empty()) {
    checks.push_back(check_bind_events(options));
    checks.push_back(check_process_sockets(options.sources.node));
    append_hardening(options.hardening, checks);
  }
  const bool well = std::ranges::all_of(checks, [](const PreflightCheck& check) {
    return check.level == Level::good || check.level == Level::note;
  });
  return print_answer(render_doctor({options.format, style_of(options)}, checks), well ? 0 : 1);
}

}  // namespace hostnet
