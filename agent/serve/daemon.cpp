#include "agent/serve/daemon.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "agent/config/load_policy.h"
#include "agent/log/log.h"
#include "agent/pods/sources/pod_source_manager.h"
#include "agent/serve/binds/bind_reports.h"
#include "agent/serve/daemon_log.h"
#include "agent/serve/daemon_state.h"
#include "agent/serve/main_loop.h"
#include "agent/serve/port_reservation.h"
#include "agent/serve/process/descriptors.h"
#include "agent/serve/process/hardened.h"
#include "agent/serve/process/startup_pages.h"
#include "agent/serve/server_watch.h"
#include "agent/serve/start_kube_events.h"
#include "agent/serve/start_server.h"
#include "agent/watch/watch.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kGraceForAnswers{2};

// Keeps refused binds apart: a flood of them displaces no other finding's history.
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

void on_events(DaemonState& state, std::span<const FindingEvent> events) {
  for (const FindingEvent& event : events) {
    log_event(event);
    if (event.opened) state.metrics.opened(event.finding.verdict);
  }
  keep_events(state, events);
}

void on_report(DaemonState& state, std::shared_ptr<const Report> report, const TickStats& stats) {
  state.metrics.observe_scan("ports", stats.ports);
  state.metrics.observe_scan("findings", stats.findings);
  if (stats.overruns > 0) state.metrics.overrun("route", stats.overruns);
  log_new_problems(state.report.get().get(), *report);
  state.page->see(*report);
  state.report.set(std::move(report));
  state.first_sight.set(nullptr);
  state.last_tick.store(steady_milliseconds());
}

// Counts what was newly left out of the pods, as hostnet_input_cut_total.
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

// Everything that runs, in the order in which it starts. A member uses only those above it.
class Daemon {
 public:
  explicit Daemon(const ServeOptions& options)
      : options_(options),
        state_(std::make_shared<DaemonState>(options.metrics.exporter_metrics)) {}

  Result<> start();
  // Until SIGTERM or SIGINT.
  void run(const Signals& signals);
  void stop();

 private:
  Result<> open_node();
  Result<> prepare_answers();
  Result<> answer_requests();
  Result<> read_pods();
  Result<> write_to_cluster();
  Result<> watch_ports();
  Result<> follow_pods();

  bool is_replay() const { return !options_.sources.node.replay.empty(); }
  const std::string& node_name() const { return state_->node_context.get()->node_name; }
  BindReports::Inputs bind_inputs() const;
  WatchSettings watch_settings();

  const ServeOptions& options_;
  std::shared_ptr<DaemonState> state_;
  OpenedBindEvents bind_events_;
  std::shared_ptr<const Node> node_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<PortReserver> reserver_;   // null: not asked for
  std::unique_ptr<KubeEvents> kube_events_;  // null: not asked for
  std::unique_ptr<BindReports> binds_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<PodSourceManager> pod_sources_;  // null: a recording's pods do not change
};

Result<> Daemon::start() {
  // While the agent still has the rights for BPF programs.
  if (Result<> opened = open_node(); !opened) return opened;
  harden_daemon(options_.hardening, options_.web);
  for (const auto step : {&Daemon::prepare_answers, &Daemon::answer_requests, &Daemon::read_pods,
                          &Daemon::write_to_cluster, &Daemon::watch_ports, &Daemon::follow_pods}) {
    if (Result<> done = (this->*step)(); !done) return done;
  }
  return {};
}

Result<> Daemon::open_node() {
  if (!is_replay()) {
    bind_events_ = open_bind_events(options_.bpf, options_.sources.node.paths);
  }
  auto node = hostnet::open_node(options_.sources.node);
  if (!node) return std::unexpected(std::move(node).error());
  if (bind_events_.events) {
    const auto kept = std::make_shared<KeptBinds>(std::move(bind_events_.events));
    state_->kept_binds = kept;
    node->bind_events = kept;
  }
  bind_events_.events = node->bind_events;  // a recording has its own
  node_ = std::make_shared<const Node>(*std::move(node));
  return {};
}

Result<> Daemon::prepare_answers() {
  auto policy = load_policy(options_.sources.config_file);
  if (!policy) return std::unexpected(std::move(policy).error());
  state_->policy.set(std::make_shared<const Policy>(*std::move(policy)));
  state_->metrics.config_reloaded(true, wall_now());
  auto page = MetricsPage::create(node_, options_.metrics, state_->metrics,
                                  [state = state_.get()] { return state->report.get(); });
  if (!page) return std::unexpected(std::move(page).error());
  state_->page = *std::move(page);
  return {};
}

Result<> Daemon::answer_requests() {
  auto server = start_server(state_, options_, node_);
  if (!server) return std::unexpected(std::move(server).error());
  server_ = *std::move(server);
  state_->node_context.set(std::make_shared<const NodeContext>(
      read_node_context(node_, node_name_of(options_.sources.pods.node_name, *node_))));
  return {};
}

Result<> Daemon::read_pods() {
  const WallTime now = node_->clock->wall();
  auto pods = is_replay()
                  ? recorded_pods(options_.sources.node.replay, now)
                  : pods_at_start(pod_source_options(options_.sources.pods, node_name()), now);
  if (!pods) return std::unexpected(std::move(pods).error());
  state_->pods.set(*std::move(pods));
  return {};
}

Result<> Daemon::write_to_cluster() {
  auto kube_events = start_kube_events(state_->metrics, options_, node_name());
  if (!kube_events) return std::unexpected(std::move(kube_events).error());
  kube_events_ = *std::move(kube_events);
  return {};
}

BindReports::Inputs Daemon::bind_inputs() const {
  return {.pods = [state = state_] { return state->pods.get(); },
          .policy = [state = state_] { return state->policy.get(); },
          .on_refused =
              [state = state_](const RefusedBind& refused) {
                state->refused_binds.set(std::make_shared<const RefusedBinds>(
                    with_refusal(state->refused_binds.get().get(), refused)));
              }};
}

WatchSettings Daemon::watch_settings() {
  WatchSettings settings;
  settings.interval = options_.watch_interval;
  settings.pods = [state = state_] { return state->pods.get(); };
  settings.policy = [state = state_] { return state->policy.get(); };
  settings.on_events = [state = state_](auto events) { on_events(*state, events); };
  settings.amend = [this](Report& report) {
    binds_->amend(report);
    if (reserver_) reserve_ports(*reserver_, report);
  };
  settings.on_first_sight = [state = state_](std::shared_ptr<const Report> report) {
    state->first_sight.set(std::move(report));
  };
  settings.on_report = [this](std::shared_ptr<const Report> report, const TickStats& stats) {
    if (kube_events_) kube_events_->see(report);
    on_report(*state_, std::move(report), stats);
  };
  settings.on_error = [state = state_](const Error& error) {
    state->metrics.scan_error("watch", error.reason);
    log::warn("netlink events unavailable, polling only", {{"error", error.message}});
  };
  binds_->connect(settings, options_.watch_interval_given);
  return settings;
}

Result<> Daemon::watch_ports() {
  if (options_.reserve_ports) {
    reserver_ = std::make_unique<PortReserver>(
        node_, live_reserved_ports_file(options_.sources.node.paths.procfs), options_.reserver);
  }
  binds_ = std::make_unique<BindReports>(state_->metrics, bind_inputs(), std::move(bind_events_));
  if (auto started = binds_->start(node_); !started) return started;
  auto watch = Watch::start(*state_->node_context.get(), watch_settings());
  if (!watch) return std::unexpected(std::move(watch).error());
  watch_ = *std::move(watch);
  return {};
}

Result<> Daemon::follow_pods() {
  if (is_replay()) return {};
  PodSourceOptions sources = pod_source_options(options_.sources.pods, node_name());
  sources.pace.on_thread = thread_confiner(options_.hardening);
  sources.on_change = [state = state_, watch = watch_.get(), news = PodNews(),
                       cuts = PodCuts()](std::shared_ptr<const PodSnapshot> changed) mutable {
    news.see(*changed);
    cuts.count(*changed, state->metrics);
    state->pods.set(std::move(changed));
    watch->wake();
  };
  auto started = PodSourceManager::start(std::move(sources));
  if (!started) return std::unexpected(std::move(started).error());
  pod_sources_ = *std::move(started);
  return {};
}

void Daemon::run(const Signals& signals) {
  for (const BoundAddress& address : server_->addresses()) {
    log::info("listening", {{"address", address.text}, {"tls", server_->tls()}});
  }
  release_startup_pages();
  UnusedMemory unused;
  SyscallWatch syscalls(options_.hardening, state_->metrics);
  ServerWatch requests(*server_, state_->metrics);
  run_main_loop(signals, *state_, options_.sources.config_file, *watch_, [&] {
    log::write_counts();
    unused.give_back();
    syscalls.see();
    requests.see();
  });
}

void Daemon::stop() {
  server_->stop(kGraceForAnswers);
  pod_sources_.reset();
  watch_->stop();
  if (reserver_ && options_.restore_on_exit) restore_ports(*reserver_);
  kube_events_.reset();
}

int cannot_start(const Error& error) {
  log::flush();
  log::complain(error.message);
  return 1;
}

}  // namespace

int run_daemon(const ServeOptions& options) {
  if (const auto enough = ensure_descriptors(); !enough) return cannot_start(enough.error());
  const auto signals = Signals::take();
  if (!signals) return cannot_start(signals.error());
  Daemon daemon(options);
  if (const auto started = daemon.start(); !started) return cannot_start(started.error());
  daemon.run(*signals);
  daemon.stop();
  log::flush();
  return 0;
}

}  // namespace hostnet
