#include "agent/serve/daemon.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/cli/commands.h"
#include "agent/cli/pod_sources.h"
#include "agent/config/load_policy.h"
#include "agent/config/watched_file.h"
#include "agent/feedback/feedback.h"
#include "agent/latest.h"
#include "agent/log/log.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/network/read_network.h"
#include "agent/pods/pod_feed.h"
#include "agent/real_time.h"
#include "agent/report/words.h"
#include "agent/serve/metrics_page.h"
#include "agent/serve/port_reservation.h"
#include "agent/serve/routes.h"
#include "agent/serve/startup_pages.h"
#include "agent/version.h"
#include "agent/watch/watch.h"
#include "agent/web/http_server.h"

namespace hostnet {
namespace {

// healthz: the watch ticked within this.
constexpr std::chrono::seconds kSilentTooLong{30};
constexpr std::chrono::seconds kGraceForAnswers{2};

// Shared with handlers, which may outlive run_daemon() by a moment: everything
// in here stays while one of them runs.
struct Shared {
  Latest<Report> report;
  Latest<FindingEvents> history;
  Latest<Standing> standing;
  Latest<PodSnapshot> pods;
  Latest<Policy> policy;
  std::atomic<std::int64_t> last_tick;  // steady, milliseconds; 0: none yet
  AgentMetrics metrics;
  std::unique_ptr<MetricsPage> page;

  explicit Shared(bool exporter_metrics)
      : metrics({.version = std::string(kVersion),
                 .revision = std::string(kRevision),
                 .exporter_metrics = exporter_metrics}) {}
};

std::int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int cannot_start(std::string_view why) {
  log::flush();
  fmt::print(stderr, "hostnet-agent: {}\n", why);
  return 1;
}

// "cannot listen on :20000: held by nginx.service nginx[812] root".
std::string busy_port(const StartError& error, const Node& node, const Policy& policy) {
  std::string message = error.error.message;
  if (error.error.system_error != EADDRINUSE || error.listen.port == 0) return message;
  Standing standing;
  standing.node = std::make_shared<const Node>(node);
  const CheckQuery query{.protocol = Protocol::tcp,
                         .port = error.listen.port,
                         .address = std::nullopt,
                         .v6only = false};
  const CheckAnswer answer = check_once(standing, PodSnapshot{}, policy, {&query, 1}).front();
  if (!answer.holders.empty()) {
    message += fmt::format("; it is held by {}", holders_words(answer.holders));
  }
  return message;
}

std::optional<std::string> illness(const Shared& shared, std::int64_t started) {
  const std::int64_t last = shared.last_tick.load();
  const std::chrono::milliseconds silent(steady_milliseconds() - (last == 0 ? started : last));
  if (silent < kSilentTooLong) return std::nullopt;
  return fmt::format("the watch has not looked at the node for {}", age(silent));
}

void log_event(const FindingEvent& event) {
  const Finding& finding = event.finding;
  const auto level = finding.severity == Severity::info ? log::Level::info : log::Level::warn;
  if (event.opened) {
    log::write(level, "finding opened",
               {{"verdict", to_string(finding.verdict)},
                {"severity", to_string(finding.severity)},
                {"port", port_words(finding.port, finding.protocol)},
                {"host_ip", finding.host_ip},
                {"declared_by", declarations_words(finding.declared_by)},
                {"held_by", holders_words(finding.held_by)},
                {"id", finding.id},
                {"explanation", finding.explanation},
                {"remedy", finding.remedy}});
  } else {
    log::write(log::Level::info, "finding closed",
               {{"verdict", to_string(finding.verdict)},
                {"severity", to_string(finding.severity)},
                {"port", port_words(finding.port, finding.protocol)},
                {"host_ip", finding.host_ip},
                {"declared_by", declarations_words(finding.declared_by)},
                {"id", finding.id},
                {"lasted", age(event.lasted)}});
  }
}

// Each problem once, when it appears. That the pods are not there yet is none at the
// start: PodNews says when they are, and a source that fails says so itself.
void log_new_problems(const Report* before, const Report& now) {
  for (const Problem& problem : now.problems) {
    if (problem.code == "pods_not_synced") continue;
    if (before != nullptr &&
        std::ranges::find(before->problems, problem) != before->problems.end()) {
      continue;
    }
    log::warn("not everything can be seen or done",
              {{"code", problem.code}, {"problem", problem.message}, {"remedy", problem.remedy}});
  }
}

// Says when the pods are there, and when they come from another source than before.
// Used by the feed's thread alone.
class PodNews {
 public:
  void see(const PodSnapshot& pods) {
    if (!pods.synced || pods.source == "none" || pods.source == source_) return;
    source_ = pods.source;
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_);
    log::info("the pods are known",
              {{"source", source_},
               {"pods", pods.pods.size()},
               {"took", fmt::format("{:.1f}s", took.count())},
               {"passed_over", fmt::format("{}", fmt::join(pods.passed_over, "; "))}});
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string source_;
};

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

WatchSettings watch_settings(const std::shared_ptr<Shared>& shared, const CommandLine& line,
                             PortReserver* reserver, Feedback* feedback) {
  WatchSettings settings;
  settings.interval = line.watch_interval;
  settings.pods = [shared] { return shared->pods.get(); };
  settings.policy = [shared] { return shared->policy.get(); };
  settings.on_events = [shared](std::span<const FindingEvent> events) {
    for (const FindingEvent& event : events) {
      log_event(event);
      if (event.opened) shared->metrics.opened(event.finding.verdict);
    }
    shared->history.set(
        std::make_shared<const FindingEvents>(with_events(shared->history.get().get(), events)));
  };
  if (reserver != nullptr) {
    settings.amend = [reserver](Report& report) { reserve_ports(*reserver, report); };
  }
  settings.on_report = [shared, feedback](std::shared_ptr<const Report> report,
                                          const TickStats& stats) {
    shared->metrics.observe_scan("ports", stats.ports);
    shared->metrics.observe_scan("findings", stats.findings);
    if (stats.overruns > 0) shared->metrics.overrun("route", stats.overruns);
    log_new_problems(shared->report.get().get(), *report);
    shared->page->see(*report);
    if (feedback != nullptr) feedback->see(report);
    shared->report.set(std::move(report));
    shared->last_tick.store(steady_milliseconds());
  };
  settings.on_error = [shared](const Error& error) {
    shared->metrics.scan_error("watch", error.reason);
    log::warn("the watch goes on without", {{"error", error.message}});
  };
  return settings;
}

// What --report.* ask for; null: nothing.
Result<std::unique_ptr<Feedback>> start_feedback(AgentMetrics& metrics, const CommandLine& line,
                                                 const std::string& node_name) {
  if (!line.report_events && !line.report_node_condition) return nullptr;
  constexpr std::string_view kFlags = "--report.events and --report.node-condition";
  if (!line.replay.empty()) {
    return failure(Reason::unsupported, fmt::format("{} do not go with --replay: what was "
                                                    "recorded is not true of a cluster",
                                                    kFlags));
  }
  auto access = apiserver_access(line);
  if (!access) {
    access.error().message =
        fmt::format("{} need the API server: {}", kFlags, access.error().message);
    return std::unexpected(std::move(access).error());
  }
  FeedbackSettings settings;
  settings.events = line.report_events;
  settings.node_condition = line.report_node_condition;
  settings.node_name = node_name;
  settings.retry = line.pods_retry;
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
  return std::make_unique<Feedback>(std::move(settings));
}

// Whose network it is: the node's, unless the agent is in another namespace.
void add_standing(const Standing& standing, NetworkLook& look) {
  look.node = standing.node_name;
  for (const Problem& problem : standing.problems) {
    if (problem.code == "not_host_network_namespace") look.problems.push_back(problem);
  }
}

Answers answers_from(const std::shared_ptr<Shared>& shared, const CommandLine& line) {
  Answers answers;
  answers.report = [shared] { return shared->report.get(); };
  answers.check = [shared](const CheckQuery& query) {
    return check_once(*shared->standing.get(), *shared->pods.get(), *shared->policy.get(),
                      {&query, 1})
        .front();
  };
  answers.history = [shared] { return shared->history.get(); };
  answers.interfaces = [shared](const InterfaceFilter& filter) {
    const auto standing = shared->standing.get();
    auto interfaces = look_at_interfaces(*standing->node, filter);
    add_standing(*standing, interfaces.look);
    return interfaces;
  };
  answers.network_routes = [shared](const RouteFilter& filter) {
    const auto standing = shared->standing.get();
    auto routes = look_at_routes(*standing->node, filter);
    add_standing(*standing, routes.look);
    return routes;
  };
  answers.port = [shared](std::uint16_t port) {
    Report report =
        look_once(*shared->standing.get(), shared->pods.get(), *shared->policy.get(), {port});
    // Those of the watch have their grace and their history.
    report.findings = shared->report.get()->findings;
    return std::make_shared<const Report>(std::move(report));
  };
  answers.illness = [shared, started = steady_milliseconds()] { return illness(*shared, started); };
  answers.metrics = [shared](const HttpRequest& request) { return shared->page->answer(request); };
  answers.telemetry_path = line.telemetry_path;
  return answers;
}

ServerOptions server_options(const std::shared_ptr<Shared>& shared, const CommandLine& line) {
  ServerOptions options;
  options.listen = line.listen_addresses;
  options.max_requests = static_cast<int>(line.max_requests);
  options.details = line.details == "all"    ? Details::all
                    : line.details == "none" ? Details::none
                                             : Details::loopback;
  options.web_config_file = line.web_config_file;
  options.on_overload = [shared, path = line.telemetry_path](const HttpRequest& request) {
    if (request.path == path) shared->metrics.request_refused(503);
  };
  options.on_reload = [shared](const Result<>& loaded) {
    if (loaded) {
      log::info("web configuration loaded");
    } else {
      log::error("web configuration refused, the old one stays",
                 {{"error", loaded.error().message}});
    }
  };
  return options;
}

class Signals {
 public:
  // Blocks them for this thread and those it starts: call before any other.
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    descriptor_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  int descriptor() const { return descriptor_.get(); }
  // The next one that came; 0 when none did.
  int next() const {
    signalfd_siginfo info{};
    if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return 0;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  UniqueFd descriptor_;
};

void reload(Shared& shared, const CommandLine& line, const Watch& watch) {
  auto policy = load_policy(line.config_file);
  shared.metrics.config_reloaded(policy.has_value(), wall_now());
  if (!policy) {
    log::error("configuration refused, the old one stays", {{"error", policy.error().message}});
    return;
  }
  shared.policy.set(std::make_shared<const Policy>(*std::move(policy)));
  log::info("configuration loaded", {{"file", line.config_file}});
  watch.wake();
}

// Until SIGTERM or SIGINT.
void serve_until_told(const Signals& signals, Shared& shared, const CommandLine& line,
                      const Watch& watch) {
  std::optional<WatchedFile> file;
  if (!line.config_file.empty()) file.emplace(line.config_file);
  while (true) {
    std::array<pollfd, 2> waiting{
        {{.fd = signals.descriptor(), .events = POLLIN, .revents = 0},
         {.fd = file ? file->descriptor() : -1, .events = POLLIN, .revents = 0}}};
    ::poll(waiting.data(), waiting.size(), file ? 1000 : -1);
    bool changed = file && file->changed();
    while (const int signal = signals.next()) {
      if (signal != SIGHUP) {
        log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
        return;
      }
      changed = true;
    }
    if (changed) reload(shared, line, watch);
  }
}

}  // namespace

int run_daemon(const CommandLine& line) {
  const Signals signals;
  auto policy = load_policy(line.config_file);
  if (!policy) return cannot_start(policy.error().message);
  auto node = open_node(line);
  if (!node) return cannot_start(node.error().message);

  const auto shared = std::make_shared<Shared>(!line.disable_exporter_metrics);
  shared->policy.set(std::make_shared<const Policy>(*std::move(policy)));
  shared->metrics.config_reloaded(true, wall_now());
  const auto shared_node = std::make_shared<const Node>(*std::move(node));
  auto page = MetricsPage::create(shared_node, line, shared->metrics,
                                  [raw = shared.get()] { return raw->report.get(); });
  if (!page) return cannot_start(page.error().message);
  shared->page = *std::move(page);

  auto server = HttpServer::start(server_options(shared, line), routes(answers_from(shared, line)));
  if (!server) {
    return cannot_start(busy_port(server.error(), *shared_node, *shared->policy.get()));
  }

  Standing standing = stand_on(shared_node, node_name_of(line.node_name, *shared_node));
  const std::string node_name = standing.node_name;
  shared->standing.set(std::make_shared<const Standing>(standing));

  const WallTime now = shared_node->clock->wall();
  auto pods = line.replay.empty() ? pods_at_start(pod_feed_options(line, node_name), now)
                                  : recorded_pods(line.replay, now);
  if (!pods) return cannot_start(pods.error().message);
  shared->pods.set(*std::move(pods));
  const auto reserver = port_reserver(line, shared_node);
  auto feedback = start_feedback(shared->metrics, line, node_name);
  if (!feedback) return cannot_start(feedback.error().message);
  auto watch = Watch::start(std::move(standing),
                            watch_settings(shared, line, reserver.get(), feedback->get()));
  if (!watch) return cannot_start(watch.error().message);

  // A recording's pods do not change.
  std::unique_ptr<PodFeed> feed;
  if (line.replay.empty()) {
    PodFeedOptions options = pod_feed_options(line, node_name);
    options.on_change = [shared, raw = watch->get(),
                         news = PodNews()](std::shared_ptr<const PodSnapshot> changed) mutable {
      news.see(*changed);
      shared->pods.set(std::move(changed));
      raw->wake();
    };
    auto started = PodFeed::start(std::move(options));
    if (!started) return cannot_start(started.error().message);
    feed = *std::move(started);
  }
  for (const BoundAddress& address : (*server)->addresses()) {
    log::info("listening", {{"address", address.text}, {"tls", (*server)->tls()}});
  }

  release_startup_pages();
  serve_until_told(signals, *shared, line, **watch);
  (*server)->stop(kGraceForAnswers);
  feed.reset();
  (*watch)->stop();
  if (reserver && line.restore_on_exit) restore_ports(*reserver);
  feedback->reset();
  log::flush();
  return 0;
}

}  // namespace hostnet
