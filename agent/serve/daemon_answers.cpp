#include "agent/serve/daemon_answers.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "agent/network/read_network.h"
#include "agent/report/words.h"
#include "agent/watch/watch.h"

namespace hostnet {
namespace {

// healthz: the watch ticked within this.
constexpr std::chrono::seconds kSilentTooLong{30};

std::optional<std::string> illness(const DaemonState& state, std::int64_t started) {
  const std::int64_t last = state.last_tick.load();
  const std::chrono::milliseconds silent(steady_milliseconds() - (last == 0 ? started : last));
  if (silent < kSilentTooLong) return std::nullopt;
  return fmt::format("the watch has not looked at the node for {}", age(silent));
}

// Whose network it is: the node's, unless the agent is in another namespace.
void add_standing(const Standing& standing, NetworkLook& look) {
  look.node = standing.node_name;
  for (const Problem& problem : standing.problems) {
    if (problem.code == "not_host_network_namespace") look.problems.push_back(problem);
  }
}

}  // namespace

Answers daemon_answers(const std::shared_ptr<DaemonState>& state, const CommandLine& line) {
  Answers answers;
  answers.report = [state] { return state->report.get(); };
  answers.check = [state](const CheckQuery& query) {
    return check_once(*state->standing.get(), *state->pods.get(), *state->policy.get(), {&query, 1})
        .front();
  };
  answers.history = [state] { return state->history.get(); };
  answers.interfaces = [state](const InterfaceFilter& filter) {
    const auto standing = state->standing.get();
    auto interfaces = look_at_interfaces(*standing->node, filter);
    add_standing(*standing, interfaces.look);
    return interfaces;
  };
  answers.network_routes = [state](const RouteFilter& filter) {
    const auto standing = state->standing.get();
    auto routes = look_at_routes(*standing->node, filter);
    add_standing(*standing, routes.look);
    return routes;
  };
  answers.port = [state](std::uint16_t port) {
    Report report =
        look_once(*state->standing.get(), state->pods.get(), *state->policy.get(), {port});
    // Those of the watch have their grace and their history.
    report.findings = state->report.get()->findings;
    return std::make_shared<const Report>(std::move(report));
  };
  answers.illness = [state, started = steady_milliseconds()] { return illness(*state, started); };
  answers.metrics = [state](const HttpRequest& request) { return state->page->answer(request); };
  answers.telemetry_path = line.telemetry_path;
  return answers;
}

}  // namespace hostnet
