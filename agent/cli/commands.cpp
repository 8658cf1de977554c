#include "agent/cli/commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include "agent/cli/answers.h"
#include "agent/cli/ask_agent.h"
#include "agent/cli/terminal.h"
#include "agent/http/message/content_tag.h"
#include "agent/kube/server_version.h"
#include "agent/log/log.h"
#include "agent/pods/pods_json.h"
#include "agent/render/exit_codes.h"
#include "netlink/bind_events/past_binds.h"
#include "netlink/node/recording/recorded_binds.h"
#include "netlink/node/recording/recorder.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kWatchInterval{1};
constexpr std::string_view kClearScreen = "\x1b[H\x1b[2J\x1b[3J";

class DiscardingSink final : public Sink {
 public:
  bool write(std::string_view) override { return true; }
};

using Answering = std::function<Result<CallAnswer>(const CommandOptions&)>;

// Runs until it is killed or its output is no longer read. On a terminal the screen is redrawn;
// elsewhere an answer is written when its content changes, times and ages aside.
int watch(CommandOptions options, const Answering& answering) {
  std::string before;
  while (true) {
    options.style = style_of(options);
    // Text shows ages, which are no change; a terminal shows them anyway.
    CommandOptions watched = options;
    if (!on_a_terminal()) {
      watched.format = OutputFormat::json;
      watched.style = {};
    }
    auto answer = answering(watched);
    if (!answer) return could_not(answer.error());
    std::string now = on_a_terminal() ? answer->text : without_times(answer->text);
    if (now != before) {
      before = std::move(now);
      if (!on_a_terminal() && options.format != OutputFormat::json) answer = answering(options);
      if (!answer) return could_not(answer.error());
      const std::string text =
          on_a_terminal() ? std::string(kClearScreen) + answer->text : answer->text;
      if (const int code = print_answer(text, 0); code != 0) return code;
    }
    std::this_thread::sleep_for(kWatchInterval);
  }
}

int run_call(CommandOptions options, const Answering& answering) {
  if (options.watch) return watch(options, answering);
  options.style = style_of(options);
  return print_call(answering(options));
}

// The bind events of the running agent; null: none runs, or it receives none.
std::shared_ptr<BindEvents> binds_of_agent() {
  const auto reply = ask_agent("/history?format=json&raw=1");
  if (!reply || reply->status != 200) return nullptr;
  auto events = parse_recorded_binds(reply->body);
  if (!events) {
    log::complain(fmt::format("no bind events are recorded: {}", events.error().message));
    return nullptr;
  }
  if (events->empty()) return nullptr;
  auto past = past_binds(*std::move(events));
  return past ? *std::move(past) : nullptr;
}

}  // namespace

int could_not(const Error& error) {
  log::complain(error.message);
  return kIncompleteExit;
}

int print_call(const Result<CallAnswer>& answer) {
  return answer ? print_answer(answer->text, answer->exit_code) : could_not(answer.error());
}

int print_answer(std::string_view answer, int code) {
  // A full disk shows only when the buffer is flushed.
  const bool written = std::fwrite(answer.data(), 1, answer.size(), stdout) == answer.size() &&
                       std::fflush(stdout) == 0;
  if (written) return code;
  return could_not(system_failure(errno, "writing the answer").error());
}

int run_conflicts(const CommandOptions& options) {
  return run_call(options, [](const CommandOptions& asked) {
    return findings_answer(asked, FindingClass::conflict);
  });
}

int run_risks(const CommandOptions& options) {
  return run_call(options, [](const CommandOptions& asked) {
    return findings_answer(asked, FindingClass::risk);
  });
}

int run_ports(const CommandOptions& options) {
  return run_call(options, ports_answer);
}

int run_check(const CommandOptions& options) {
  return run_call(options, check_answer);
}

int run_history(const CommandOptions& options) {
  return run_call(options, history_answer);
}

int run_record(const CommandOptions& options) {
  NodeOptions recorded = options.sources.node;
  recorded.bpf = false;  // a replay reads each proc/<pid>/fd
  auto node = open_node(recorded);
  if (!node) return could_not(node.error());
  if (options.sources.node.replay.empty()) node->bind_events = binds_of_agent();
  auto recorder = record_node(*std::move(node), options.directory);
  if (!recorder) return could_not(recorder.error());
  auto inputs = read_scan_inputs(options.sources, (*recorder)->node());
  if (!inputs) return could_not(inputs.error());
  const Report report = scan_once(inputs->node_context, inputs->pods, inputs->policy);
  // Reads also what /metrics reads, so that a replayed agent has it.
  AgentMetrics unheard({.exporter_metrics = false});
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
  const std::string_view hint =
      inputs->pods->pods.empty() ? "; no pod is in it: give the --pods flags of the agent" : "";
  return print_answer(
      fmt::format("recorded {} holders of ports and {} declared ports in {}{}\n",
                  report.table->holders.size(), report.declared.size(), options.directory, hint),
      0);
}

}  // namespace hostnet
