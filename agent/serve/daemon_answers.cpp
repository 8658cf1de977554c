#include "agent/serve/daemon_answers.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "agent/network/read_network.h"
#include "agent/render/words.h"
#include "agent/watch/watch.h"

namespace hostnet {
namespace {

// /healthz fails if the watch has not ticked for this long.
constexpr std::chrono::seconds kSilentTooLong{30};

std::optional<std::string> illness(const DaemonState& state, std::int64_t started) {
  const std::int64_t last = state.last_tick.load();
  const std::chrono::milliseconds silent(steady_milliseconds() - (last == 0 ? started : last));
  if (silent < kSilentTooLong) return std::nullopt;
  return fmt::format("the last scan finished {} ago", age(silent));
}

// Adds whose network it is: the node's, unless the agent is in another namespace.
void add_node_context(const NodeContext& node_context, NetworkScan& scan) {
  scan.node = node_context.node_name;
  for (const Problem& problem : node_context.problems) {
    if (problem.code == "not_host_network_namespace") scan.problems.push_back(problem);
  }
}

template <class T>
T copy_of(const Latest<T>& latest) {
  const auto value = latest.get();
  return value ? *value : T{};
}

// Null: there is none yet.
std::shared_ptr<const Report> newest_report(const DaemonState& state) {
  auto first_sight = state.first_sight.get();
  auto report = state.report.get();
  return report ? report : first_sight;
}

History history_of(const DaemonState& state) {
  return {.events = merge_events(copy_of(state.history), copy_of(state.bind_history)),
          .refusals = copy_of(state.refused_binds)};
}

}  // namespace

Answers daemon_answers(const std::shared_ptr<DaemonState>& state,
                       const std::string& telemetry_path) {
  Answers answers;
  answers.report = [state] { return newest_report(*state); };
  answers.ready = [state] { return state->report.get() != nullptr; };
  answers.check = [state](std::span<const CheckQuery> queries) {
    return check_once(*state->node_context.get(), state->pods.get(), *state->policy.get(), queries);
  };
  answers.history = [state] { return history_of(*state); };
  answers.binds = [state] {
    return state->kept_binds ? state->kept_binds->kept() : std::vector<BindEvent>();
  };
  answers.interfaces = [state](const InterfaceFilter& filter) {
    const auto node_context = state->node_context.get();
    auto interfaces = read_interfaces(*node_context->node, filter);
    add_node_context(*node_context, interfaces.scan);
    return interfaces;
  };
  answers.network_routes = [state](const RouteFilter& filter) {
    const auto node_context = state->node_context.get();
    auto routes = read_route_rows(*node_context->node, filter);
    add_node_context(*node_context, routes.scan);
    return routes;
  };
  answers.port = [state](std::uint16_t port) {
    const auto last = state->report.get();
    if (!last) return newest_report(*state);
    Report report =
        scan_once(*state->node_context.get(), state->pods.get(), *state->policy.get(), {port});
    // The watch's findings have their grace period and history.
    report.findings = last->findings;
    return std::shared_ptr<const Report>(std::make_shared<const Report>(std::move(report)));
  };
  answers.illness = [state, started = steady_milliseconds()] { return illness(*state, started); };
  answers.metrics = [state](const HttpRequest& request) { return state->page->answer(request); };
  answers.telemetry_path = telemetry_path;
  return answers;
}

}  // namespace hostnet
