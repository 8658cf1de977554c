#include "agent/serve/daemon.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <utility>

#include "agent/config/load_policy.h"
#include "agent/kube_events/kube_events.h"
#include "agent/log/log.h"
#include "agent/pods/sources/pod_source_manager.h"
#include "agent/render/words.h"
#include "agent/serve/agent_socket.h"
#include "agent/serve/binds/bind_reports.h"
#include "agent/serve/daemon_answers.h"
#include "agent/serve/daemon_log.h"
#include "agent/serve/daemon_state.h"
#include "agent/serve/descriptors.h"
#include "agent/serve/hardened.h"
#include "agent/serve/local_peers.h"
#include "agent/serve/port_reservation.h"
#include "agent/serve/server_watch.h"
#include "agent/serve/signals.h"
#include "agent/serve/startup_pages.h"
#include "agent/watch/watch.h"
#include "netlink/base/file_watch.h"
#include "netlink/base/real_time.h"
#include "netlink/base/wake_up.h"
#include "netlink/live_netlink.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kGraceForAnswers{2};
// How often lines that were only counted are told.
constexpr std::chrono::milliseconds kLogCounts{10'000};
// Whoever writes the configuration in place may take a while.
constexpr FileWatchPace kConfigPace{.longest = std::chrono::seconds(10)};

int cannot_start(std::string_view why) {
  log::flush();
  log::complain(why);
  return 1;
}

// "cannot listen on :20000: held by nginx.service nginx[812] root".
std::string busy_port(const StartError& error, const Node& node, const Policy& policy) {
  std::string message = error.error.message;
  if (error.error.system_error != EADDRINUSE || error.listen.port == 0) return message;
  NodeContext node_context;
  node_context.node = std::make_shared<const Node>(node);
  const CheckQuery query{.protocol = Protocol::tcp,
                         .port = error.listen.port,
                         .address = std::nullopt,
                         .v6only = false};
  const CheckAnswer answer =
      check_once(node_context, std::make_shared<const PodSnapshot>(), policy, {&query, 1}).front();
  if (!answer.holders.empty()) {
    message += fmt::format("; it is held by {}", holders_words(answer.holders));
  }
  return message;
}

// Ports that cannot be reserved are a problem, but hide nothing: the report stays complete.
void reserve_ports(PortReserver& reserver, Report& report) {
  Reservations done = reserver.see(report, report.generated_at_steady);
  log_reservations(done);
  if (done.problem) report.problems.push_back(*std::move(done.problem));
}

void restore_ports(PortReserver& reserver) {
  const Reservations done = reserver.restore();
  log_reservations(done);
  if (done.problem) {
    log::error("reserved ports are not restored",
               {{"error", done.problem->message}, {"remedy", done.problem->remedy}});
  }
}

void keep_events(DaemonState& state, std::span<const FindingEvent> events) {
  for (const bool of_binds : {false, true}) {
    std::vector<FindingEvent> some;
    std::ranges::copy_if(events, std::back_inserter(some), [&](const FindingEvent& event) {
      return (event.finding.verdict == Verdict::bind_refused) == of_binds;
    });
    if (some.empty()) continue;
    auto& history = of_binds ? state.bind_history : state.history;
    history.set(std::make_shared<const FindingEvents>(with_events(history.get().get(), some)));
  }
}

BindReports::Inputs bind_inputs(const std::shared_ptr<DaemonState>& state) {
  return {.pods = [state] { return state->pods.get(); },
          .policy = [state] { return state->policy.get(); },
          .on_refused =
              [state](const RefusedBind& refused) {
                state->refused_binds.set(std::make_shared<const RefusedBinds>(
                    with_refusal(state->refused_binds.get().get(), refused)));
              }};
}

WatchSettings watch_settings(const std::shared_ptr<DaemonState>& state, const ServeOptions& options,
                             PortReserver* reserver, KubeEvents* feedback, BindReports& binds) {
  WatchSettings settings;
  settings.interval = options.watch_interval;
  binds.connect(settings, options.watch_interval_given);
  settings.pods = [state] { return state->pods.get(); };
  settings.policy = [state] { return state->policy.get(); };
  settings.on_events = [state](std::span<const FindingEvent> events) {
    for (const FindingEvent& event : events) {
      log_event(event);
      if (event.opened) state->metrics.opened(event.finding.verdict);
    }
    keep_events(*state, events);
  };
  settings.amend = [reserver, &binds](Report& report) {
    binds.amend(report);
    if (reserver != nullptr) reserve_ports(*reserver, report);
  };
  settings.on_first_sight = [state](std::shared_ptr<const Report> report) {
    state->first_sight.set(std::move(report));
  };
  settings.on_report = [state, feedback](std::shared_ptr<const Report> report,
                                         const TickStats& stats) {
    state->metrics.observe_scan("ports", stats.ports);
    state->metrics.observe_scan("findings", stats.findings);
    if (stats.overruns > 0) state->metrics.overrun("route", stats.overruns);
    log_new_problems(state->report.get().get(), *report);
    state->page->see(*report);
    if (feedback != nullptr) feedback->see(report);
    state->report.set(std::move(report));
    state->first_sight.set(nullptr);
    state->last_tick.store(steady_milliseconds());
  };
  settings.on_error = [state](const Error& error) {
    state->metrics.scan_error("watch", error.reason);
    log::warn("netlink events unavailable, polling only", {{"error", error.message}});
  };
  return settings;
}

// What --report.* ask for; null: nothing.
Result<std::unique_ptr<KubeEvents>> start_feedback(AgentMetrics& metrics,
                                                   const ServeOptions& options,
                                                   const std::string& node_name) {
  if (!options.report_events && !options.report_node_condition && !options.report_node_labels) {
    return nullptr;
  }
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
    return std::unexpected(std::move(access).error());
  }
  FeedbackSettings settings;
  settings.on_thread = thread_confiner(options.hardening);
  settings.events = options.report_events;
  settings.node_condition = options.report_node_condition;
  settings.node_labels = options.report_node_labels;
  settings.remove_labels_at_end = options.remove_node_labels;
  settings.node_name = node_name;
  settings.retry = options.sources.pods.retry;
  settings.client = [access = *std::move(access)](KubeTiming timing) {
    return std::make_unique<KubeClient>(access, timing);
  };
  settings.on_failure = [&metrics](std::string_view what, Reason reason) {
    metrics.scan_error(what, reason);
  };
  settings.on_change = [](std::string_view what, const std::string& problem) {
    if (problem.empty()) {
      log::info("the API server takes what is reported again", {{"what", what}});
    } else {
      log::warn("cannot report to the API server", {{"what", what}, {"error", problem}});
    }
  };
  return std::make_unique<KubeEvents>(std::move(settings));
}

ServerOptions server_options(const std::shared_ptr<DaemonState>& state, const ServeOptions& serve) {
  ServerOptions options = serve.web;
  options.on_loop_thread = thread_confiner(serve.hardening);
  options.find_local_peer = find_local_peers(live_netlink());
  options.on_overload = [state, path = serve.telemetry_path](const HttpRequest& request) {
    if (request.path == path) state->metrics.request_answered(503);
  };
  options.on_shared_answer = [state, path = serve.telemetry_path](const HttpRequest& request,
                                                                  int status) {
    if (request.path == path) state->metrics.request_answered(status);
  };
  options.on_reload = [state](const Result<>& loaded) {
    if (loaded) {
      log::info("web configuration loaded");
    } else {
      log::error("web configuration refused, the old one stays",
                 {{"error", loaded.error().message}});
    }
  };
  return options;
}

void reload(DaemonState& state, const std::string& config_file, const Watch& watch) {
  if (config_file.empty()) {
    log::info("nothing to load: there is no --config.file");
    return;
  }
  auto policy = reload_policy(config_file);
  state.metrics.config_reloaded(policy.has_value(), wall_now());
  if (!policy) {
    log::error("configuration refused, the old one stays", {{"error", policy.error().message}});
    return;
  }
  state.policy.set(std::make_shared<const Policy>(*std::move(policy)));
  log::info("configuration loaded", {{"file", config_file}});
  watch.wake();
}

// What more is left out of the pods than before, as hostnet_input_cut_total.
class PodCuts {
 public:
  void count(const PodSnapshot& pods, AgentMetrics& metrics) {
    if (pods.ports_cut > ports_) metrics.input_cut("ports", pods.ports_cut - ports_);
    if (pods.pods_cut > pods_) metrics.input_cut("pods", pods.pods_cut - pods_);
    ports_ = pods.ports_cut;
    pods_ = pods.pods_cut;
  }

 private:
  std::size_t ports_{}, pods_{};
};

// Until SIGTERM or SIGINT.
void serve_until_told(const Signals& signals, DaemonState& state, const std::string& config_file,
                      const Watch& watch, SyscallWatch& syscalls, ServerWatch& requests) {
  UnusedMemory unused;
  std::optional<FileWatch> file;
  if (!config_file.empty()) file.emplace(std::vector{config_file}, kConfigPace);
  while (true) {
    std::array<pollfd, 2> waiting{
        {{.fd = signals.descriptor(), .events = POLLIN, .revents = 0},
         {.fd = file ? file->descriptor() : -1, .events = POLLIN, .revents = 0}}};
    auto pause = kLogCounts;
    if (file) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(file->next_check() - steady_now());
      pause = std::clamp(left, std::chrono::milliseconds(0), pause);
    }
    wait_for_input(waiting, pause);
    log::write_counts();
    unused.give_back();
    syscalls.see();
    requests.see();
    bool changed = file && file->changed(steady_now());
    while (const int signal = signals.next()) {
      if (signal != SIGHUP) {
        log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
        return;
      }
      changed = true;
    }
    if (changed) reload(state, config_file, watch);
  }
}

}  // namespace

int run_daemon(const ServeOptions& options) {
  if (auto enough = ensure_descriptors(); !enough) return cannot_start(enough.error().message);
  const auto signals = Signals::take();
  if (!signals) return cannot_start(signals.error().message);
  // While the rights for it are there.
  OpenedBindEvents bind_events;
  if (options.sources.node.replay.empty()) {
    bind_events = open_bind_events(options.bpf, options.sources.node.paths.sysfs);
  }
  harden_daemon(options.hardening, options.web);
  auto policy = load_policy(options.sources.config_file);
  if (!policy) return cannot_start(policy.error().message);
  auto node = open_node(options.sources.node);
  if (!node) return cannot_start(node.error().message);
  const auto state = std::make_shared<DaemonState>(options.metrics.exporter_metrics);
  if (bind_events.events) {
    const auto kept = std::make_shared<KeptBinds>(std::move(bind_events.events));
    state->kept_binds = kept;
    node->bind_events = kept;
  }
  bind_events.events = node->bind_events;  // a recording has its own

  state->policy.set(std::make_shared<const Policy>(*std::move(policy)));
  state->metrics.config_reloaded(true, wall_now());
  const auto opened = std::make_shared<const Node>(*std::move(node));
  auto page = MetricsPage::create(opened, options.metrics, state->metrics,
                                  [raw = state.get()] { return raw->report.get(); });
  if (!page) return cannot_start(page.error().message);
  state->page = *std::move(page);

  auto server =
      HttpServer::start(server_options(state, options),
                        routes(daemon_answers(state, options.telemetry_path)), listen_for_calls());
  if (!server) {
    return cannot_start(busy_port(server.error(), *opened, *state->policy.get()));
  }

  NodeContext node_context =
      read_node_context(opened, node_name_of(options.sources.pods.node_name, *opened));
  const std::string node_name = node_context.node_name;
  state->node_context.set(std::make_shared<const NodeContext>(node_context));

  const WallTime now = opened->clock->wall();
  const std::string& replay = options.sources.node.replay;
  auto pods = replay.empty()
                  ? pods_at_start(pod_source_options(options.sources.pods, node_name), now)
                  : recorded_pods(replay, now);
  if (!pods) return cannot_start(pods.error().message);
  state->pods.set(*std::move(pods));
  std::unique_ptr<PortReserver> reserver;
  if (options.reserve_ports) {
    reserver = std::make_unique<PortReserver>(
        opened, live_reserved_ports_file(options.sources.node.paths.procfs), options.reserver);
  }
  auto feedback = start_feedback(state->metrics, options, node_name);
  if (!feedback) return cannot_start(feedback.error().message);
  BindReports binds(state->metrics, bind_inputs(state), std::move(bind_events));
  if (auto started = binds.start(opened); !started) return cannot_start(started.error().message);
  auto watch = Watch::start(std::move(node_context),
                            watch_settings(state, options, reserver.get(), feedback->get(), binds));
  if (!watch) return cannot_start(watch.error().message);

  // A recording's pods do not change.
  std::unique_ptr<PodSourceManager> pod_sources;
  if (replay.empty()) {
    PodSourceOptions sources = pod_source_options(options.sources.pods, node_name);
    sources.pace.on_thread = thread_confiner(options.hardening);
    sources.on_change = [state, raw = watch->get(), news = PodNews(),
                         cuts = PodCuts()](std::shared_ptr<const PodSnapshot> changed) mutable {
      news.see(*changed);
      cuts.count(*changed, state->metrics);
      state->pods.set(std::move(changed));
      raw->wake();
    };
    auto started = PodSourceManager::start(std::move(sources));
    if (!started) return cannot_start(started.error().message);
    pod_sources = *std::move(started);
  }
  for (const BoundAddress& address : (*server)->addresses()) {
    log::info("listening", {{"address", address.text}, {"tls", (*server)->tls()}});
  }

  release_startup_pages();
  SyscallWatch syscalls(options.hardening, state->metrics);
  ServerWatch requests(**server, state->metrics);
  serve_until_told(*signals, *state, options.sources.config_file, **watch, syscalls, requests);
  (*server)->stop(kGraceForAnswers);
  pod_sources.reset();
  (*watch)->stop();
  if (reserver && options.restore_on_exit) restore_ports(*reserver);
  feedback->reset();
  log::flush();
  return 0;
}

}  // namespace hostnet
