#include "agent/watch/watch.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "agent/findings/find_findings.h"
#include "netlink/base/worker.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

// Bursts of changes (a pod's veth, its addresses, its routes) are combined into one scan.
constexpr std::chrono::milliseconds kLeastPause{100};

double seconds_since(SteadyTime start, SteadyTime now) {
  return std::chrono::duration<double>(now - start).count();
}

}  // namespace

Result<std::unique_ptr<Watch>> Watch::start(NodeContext node_context, WatchSettings settings) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  // The constructor is private: make_unique cannot call it.
  std::unique_ptr<Watch> watch(
      new Watch(std::move(node_context), std::move(settings), *std::move(wake)));
  auto thread = start_thread(
      "watch", [raw = watch.get()](const std::stop_token& stopped) { raw->run(stopped); });
  if (!thread) return std::unexpected(std::move(thread).error());
  watch->thread_ = *std::move(thread);
  return watch;
}

Watch::Watch(NodeContext node_context, WatchSettings settings, WakeUp wake)
    : node_context_(std::move(node_context)),
      settings_(std::move(settings)),
      wake_(std::move(wake)),
      builder_(*node_context_.node, node_context_.nat),
      unified_cgroups_(node_context_.node->files->exists("sys/fs/cgroup/cgroup.controllers")) {}

Watch::~Watch() {
  stop();
}

void Watch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_.wake();
  thread_.join();
}

void Watch::run(const std::stop_token& stopped) {
  subscribe();
  if (settings_.on_first_sight) tell_first_sight();
  while (!stopped.stop_requested()) {
    tick();
    if (!stopped.stop_requested()) sleep();
  }
}

void Watch::subscribe() {
  auto changes = subscribe_to_links_and_addresses(*node_context_.node->netlink);
  if (changes) {
    changes_ = *std::move(changes);
  } else if (settings_.on_error) {
    // Without it links and addresses are read again on every tick.
    settings_.on_error(changes.error());
  }
}

void Watch::read_changes(TickStats& stats) {
  if (!changes_) {
    network_changed_ = true;
    return;
  }
  const auto batch = changes_->drain([](const NetlinkMessage&) {});
  if (!batch) {
    if (settings_.on_error) settings_.on_error(batch.error());
    changes_.reset();
    network_changed_ = true;
    return;
  }
  stats.overruns = batch->overruns;
  network_changed_ = network_changed_ || batch->messages > 0 || batch->overruns > 0;
}

// The ports to show every socket of: a pod does not listen there, or no scan covered it yet.
std::vector<std::uint16_t> Watch::ports_to_scan_fully() const {
  std::vector<std::uint16_t> ports;
  std::ranges::copy_if(declared_.host_network, std::back_inserter(ports), [&](std::uint16_t port) {
    return !std::ranges::binary_search(covered_, port) ||
           std::ranges::binary_search(ports_not_listening_, port);
  });
  return ports;
}

void Watch::see_pods(const std::shared_ptr<const PodSnapshot>& pods) {
  if (pod_index_ && pod_index_->pods() == pods) return;
  pod_index_ = std::make_shared<const PodIndex>(pods);
  declared_ = declarations_of(*pods);
  if (settings_.on_declared) settings_.on_declared(declared_.all);
}

void Watch::see_policy() {
  auto policy = settings_.policy();
  if (policy == policy_) return;
  policy_ = std::move(policy);
  if (auto taken = lifecycle_.set_policy(*policy_); !taken && settings_.on_error) {
    settings_.on_error(taken.error());
  }
}

std::shared_ptr<const PortSnapshot> Watch::scan(
    std::vector<std::uint16_t> deep, std::shared_ptr<const std::vector<Refusal>> refusals,
    bool search_processes) {
  return builder_.scan({.node_components = policy_->node_components,
                        .network_changed = std::exchange(network_changed_, false),
                        .deep_ports = std::move(deep),
                        .deep_paced = true,
                        .sctp = declared_.sctp,
                        .urgent_ports = declared_.ports,
                        .memory = true,
                        .search_processes = search_processes,
                        .pods = pod_index_,
                        .refusals = std::move(refusals)},
                       node_context_.node->clock->steady());
}

void Watch::tell_first_sight() {
  const auto pods = settings_.pods();
  see_policy();
  see_pods(pods);
  settings_.on_first_sight(std::make_shared<const Report>(
      make_report(node_context_, scan({}, nullptr, false), pods, declared_.all)));
}

void Watch::tick() {
  TickStats stats;
  read_changes(stats);
  const Clock& clock = *node_context_.node->clock;
  const auto pods = settings_.pods();
  see_policy();

  const SteadyTime start = clock.steady();
  see_pods(pods);
  const std::vector<std::uint16_t> deep = ports_to_scan_fully();
  auto refusals = settings_.refusals
                      ? settings_.refusals(*pod_index_, pods->synced && !pods->stale, clock.wall())
                      : nullptr;
  auto table = scan(deep, std::move(refusals), true);
  const SteadyTime scanned = clock.steady();
  stats.ports = seconds_since(start, scanned);

  auto report =
      std::make_shared<Report>(make_report(node_context_, std::move(table), pods, declared_.all));
  report->label_ports = policy_->label_ports;
  NodeFindings judged = judge(node_context_, *report->table, *pods, *policy_, report->generated_at);
  scan_again_ = !std::ranges::includes(deep, judged.ports_not_listening);
  covered_ = declared_.host_network;
  ports_not_listening_ = std::move(judged.ports_not_listening);
  auto update = lifecycle_.update(std::move(judged.findings), last_->findings, scanned,
                                  report->generated_at, unread_of(*report->table, *pods));
  report->findings = std::move(update.findings);
  report->node_port_range = policy_->node_port_range;
  stats.findings = seconds_since(scanned, clock.steady());
  quiet_ = is_quiet(*report);

  if (settings_.on_events && !update.events.empty()) settings_.on_events(update.events);
  if (settings_.amend) settings_.amend(*report);
  last_ = report;
  settings_.on_report(std::move(report), stats);
}

// Bind events report binds and listeners, but not the end of a UDP socket or, on cgroup v1, the
// cgroup of a process.
bool Watch::is_quiet(const Report& report) const {
  if (!unified_cgroups_ || !settings_.hears_binds || !settings_.hears_binds()) return false;
  const bool conflicts = std::ranges::any_of(report.findings, [](const Finding& finding) {
    return class_of(finding.verdict) == FindingClass::conflict && !finding.ignored;
  });
  return !conflicts && std::ranges::none_of(report.declared, [](const DeclaredPort& port) {
    return port.mode == PortMode::host_network && port.protocol == Protocol::udp;
  });
}

void Watch::sleep() const {
  std::array<pollfd, 3> waiting{
      {{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
       {.fd = settings_.news ? settings_.news->descriptor() : -1, .events = POLLIN, .revents = 0},
       {.fd = changes_ ? changes_->descriptor() : -1, .events = POLLIN, .revents = 0}}};
  const auto least = std::min(kLeastPause, settings_.interval);
  // First a pause in which network changes do not wake it, then a wait until something happens.
  if (!wait_for_input(std::span(waiting).first(2), least) && !scan_again_) {
    const auto interval =
        quiet_ ? std::max(settings_.quiet_interval, settings_.interval) : settings_.interval;
    wait_for_input(waiting, interval - least);
  }
  wake_.consume();
  if (settings_.news) settings_.news->consume();
}

}  // namespace hostnet
