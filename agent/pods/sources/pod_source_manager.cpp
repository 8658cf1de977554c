#include "agent/pods/sources/pod_source_manager.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "agent/kube/server_version.h"
#include "agent/pods/manifest.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/sources/manifest_source.h"
#include "netlink/base/real_time.h"
#include "netlink/base/wake_up.h"
#include "netlink/node/node.h"
#include "netlink/node/recording/replay.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kGraceForFiles{2};

ManifestSourceOptions source_options(const PodSourceOptions& options) {
  ManifestSourceOptions source;
  source.paths = options.manifests;
  source.node_name = options.node_name;
  return source;
}

// "; passed over: /var/lib/kubelet/kubeconfig: why".
std::string passed_over_words(const PodSourceOptions& options) {
  if (options.kubeconfigs_passed_over.empty()) return "";
  return fmt::format("; passed over: {}", fmt::join(options.kubeconfigs_passed_over, "; "));
}

std::string line_of(const SourceProblem& problem) {
  return problem.source + ": " + problem.why;
}

void add_live(const SelectedSource& live, SteadyTime now, PodSnapshot& snapshot) {
  const Freshness& fresh = live.shown.freshness;
  snapshot.source = live.shown.source;
  snapshot.synced = fresh.last_heard.has_value();
  const bool live_is_stale = snapshot.synced && (live.abandoned || fresh.stale(now));
  snapshot.stale = snapshot.stale || live_is_stale;  // may be set by the manifests
  snapshot.last_success = live.shown.last_success;
  snapshot.server_version = live.shown.server_version;
  snapshot.pods_cut += live.shown.pods_cut;
  snapshot.every_pod = live.shown.pods_cut == 0;
  snapshot.pods.insert(snapshot.pods.end(), live.shown.pods->begin(), live.shown.pods->end());
  const bool answers = snapshot.synced && !live_is_stale;
  for (const SourceProblem& problem : live.problems) {
    if (!answers) {
      snapshot.errors.push_back(line_of(problem));
    } else if (problem.source != snapshot.source) {
      // A single failed attempt of the source in use is not worth a report.
      snapshot.passed_over.push_back(line_of(problem));
    }
  }
}

// Dropped pods and ports may matter: their declarations are unknown.
void name_cuts(PodSnapshot& snapshot) {
  std::size_t of_pods = 0;
  for (const Pod& pod : snapshot.pods) {
    snapshot.ports_cut += pod.ports_cut;
    if (pod.ports_cut > 0) ++of_pods;
  }
  if (snapshot.ports_cut > 0) {
    snapshot.errors.push_back(fmt::format(
        "{} host ports of {} pods are left out: at most {} of a pod and {} of all pods "
        "are read, with {} KiB of names and states",
        snapshot.ports_cut, of_pods, kMostPortsOfAPod, kMostPortsOfANode, kMostTextOfPorts >> 10));
  }
  if (snapshot.pods_cut > 0) {
    snapshot.errors.push_back(
        fmt::format("{} pods are left out: beyond {}, too long, or not readable", snapshot.pods_cut,
                    kMostPods));
  }
}

// The pods of the manifests and of the live source, if there is one.
std::shared_ptr<const PodSnapshot> published(const PodSnapshot& from,
                                             const PodSourceOptions& options,
                                             const SelectedSource* live, SteadyTime now) {
  auto snapshot = std::make_shared<PodSnapshot>(from);
  const bool answered = live != nullptr && live->shown.freshness.last_heard.has_value();
  const bool without = live != nullptr && !answered && live->all_failed &&
                       options.manifests_will_do && !options.manifests.empty();
  if (without) {
    std::ranges::transform(live->problems, std::back_inserter(snapshot->errors), line_of);
  } else if (live != nullptr) {
    add_live(*live, now, *snapshot);
  } else if (options.manifests.empty()) {
    // Without a path there is nothing to follow: the source is then "none".
    snapshot->source = "none";
    snapshot->synced = true;
    if (!options.none_wanted) {
      snapshot->errors.push_back(
          "no pod source, so no declarations are known: this is not a pod; set --pods.kubeconfig "
          "or --pods.manifests, or --pods.source=none" +
          passed_over_words(options));
    }
  } else if (options.only_static) {
    snapshot->errors.push_back(
        fmt::format("only static pods are known ({}): no kubeconfig of this node's kubelet is "
                    "usable{}",
                    fmt::join(options.manifests, ", "), passed_over_words(options)));
    snapshot->passed_over = options.kubeconfigs_passed_over;
  }
  snapshot->pods = merge_pods(std::move(snapshot->pods), options.node_name);
  name_cuts(*snapshot);
  return snapshot;
}

std::shared_ptr<const PodSnapshot> with_manifests(const PodSourceOptions& options,
                                                  const SelectedSource* live, WallTime now) {
  ManifestSource source(source_options(options));
  source.refresh(steady_now(), now);
  return published(source.snapshot(), options, live, steady_now());
}

}  // namespace

std::shared_ptr<const PodSnapshot> read_pods_once(const PodSourceOptions& options, WallTime now) {
  if (options.live.empty()) return with_manifests(options, nullptr, now);
  const SelectedSource live = read_sources_once(options.live);
  return with_manifests(options, &live, now);
}

std::shared_ptr<const PodSnapshot> pods_at_start(const PodSourceOptions& options, WallTime now) {
  if (options.live.empty()) return with_manifests(options, nullptr, now);
  SelectedSource live;
  live.shown.source = options.live.front().name;
  return with_manifests(options, &live, now);
}

Result<std::shared_ptr<const PodSnapshot>> recorded_pods(const std::string& directory,
                                                         WallTime now) {
  const auto text = recorded_attachment(directory, kRecordedPods);
  if (!text) return std::unexpected(text.error());
  const ManifestResult read = read_manifests(*text, directory + "/" + std::string(kRecordedPods));
  if (!read.errors.empty()) return failure(Reason::malformed, to_string(read.errors.front()));
  auto snapshot = std::make_shared<PodSnapshot>();
  snapshot->source = "manifests";
  snapshot->pods = read.pods();
  snapshot->synced = true;
  snapshot->last_success = now;
  // Missing: the version was not known.
  if (const auto version = recorded_attachment(directory, kRecordedServerVersion)) {
    snapshot->server_version = parse_server_version(*version);
  } else if (version.error().reason != Reason::vanished) {
    return std::unexpected(version.error());
  }
  return snapshot;
}

// Outlives the manager if its thread hangs in a file system.
struct PodSourceManager::Shared {
  Shared(PodSourceOptions wanted, WakeUp woken_by)
      : options(std::move(wanted)), wake(std::move(woken_by)), manifests(source_options(options)) {}

  PodSourceOptions options;  // on_change is guarded by the mutex
  WakeUp wake;
  ManifestSource manifests;
  std::unique_ptr<SourceSelector> live;       // null: there is none
  std::optional<SteadyTime> live_changes_at;  // it becomes stale, or recovers
  std::mutex mutex;
  bool stopped{};  // guarded by the mutex

  void follow();
  bool publish();  // false: stop
  bool wait();     // until something may have changed; false: only manifests were checked
};

bool PodSourceManager::Shared::publish() {
  const SteadyTime now = steady_now();
  std::optional<SelectedSource> selected;
  if (live != nullptr) {
    selected = live->state();
    live_changes_at = selected->shown.freshness.next_change(now);
  }
  auto snapshot = published(manifests.snapshot(), options, selected ? &*selected : nullptr, now);
  const std::scoped_lock lock(mutex);
  if (stopped) return false;
  options.on_change(std::move(snapshot));
  return true;
}

bool PodSourceManager::Shared::wait() {
  const SteadyTime next =
      std::min(manifests.next_scan(), live_changes_at.value_or(SteadyTime::max()));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - steady_now());
  std::array<pollfd, 2> waiting{{{.fd = wake.descriptor(), .events = POLLIN},
                                 {.fd = manifests.descriptor(), .events = POLLIN}}};
  constexpr std::chrono::milliseconds kLongest{60'000};
  wait_for_input(waiting, std::clamp(left, std::chrono::milliseconds(0), kLongest));
  return waiting[0].revents != 0 || (live_changes_at && steady_now() >= *live_changes_at);
}

void PodSourceManager::Shared::follow() {
  while (true) {
    // Before reading, so that later changes wake it again.
    wake.consume();
    manifests.refresh(steady_now(), wall_now());
    if (!publish()) return;
    while (!wait() && !manifests.refresh(steady_now(), wall_now())) {
    }
  }
}

Result<std::unique_ptr<PodSourceManager>> PodSourceManager::start(PodSourceOptions options) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  auto shared = std::make_shared<Shared>(std::move(options), *std::move(wake));
  if (!shared->options.live.empty()) {
    auto live = SourceSelector::start(shared->options.live, shared->options.pace,
                                      [raw = shared.get()] { raw->wake.wake(); });
    if (!live) return std::unexpected(std::move(live).error());
    shared->live = *std::move(live);
  }
  std::unique_ptr<PodSourceManager> manager(new PodSourceManager(shared));
  auto given = manager->worker_.give([shared] { shared->follow(); });
  if (!given) return std::unexpected(std::move(given).error());
  return manager;
}

PodSourceManager::~PodSourceManager() {
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->wake.wake();
  worker_.wait_for(kGraceForFiles);
}

}  // namespace hostnet
