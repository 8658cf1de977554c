#include "agent/pods/sources/pod_feed.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "agent/kube/server_version.h"
#include "agent/pods/manifest.h"
#include "netlink/base/real_time.h"
#include "netlink/node/node.h"

namespace hostnet {
namespace {

ManifestSourceOptions source_options(const PodFeedOptions& options) {
  ManifestSourceOptions source;
  source.paths = options.manifests;
  source.node_name = options.node_name;
  return source;
}

std::string line_of(const LiveProblem& problem) {
  return problem.source + ": " + problem.why;
}

void add_live(const LiveState& live, SteadyTime now, PodSnapshot& snapshot) {
  const Freshness& fresh = live.shown.freshness;
  snapshot.source = live.shown.source;
  snapshot.synced = fresh.last_heard.has_value();
  snapshot.stale = snapshot.synced && (live.abandoned || fresh.stale(now));
  snapshot.last_success = live.shown.last_success;
  snapshot.server_version = live.shown.server_version;
  snapshot.pods.insert(snapshot.pods.end(), live.shown.pods->begin(), live.shown.pods->end());
  const bool answers = snapshot.synced && !snapshot.stale;
  for (const LiveProblem& problem : live.problems) {
    if (!answers) {
      snapshot.errors.push_back(line_of(problem));
    } else if (problem.source != snapshot.source) {
      // A single failed attempt of the one that answers is nobody's business.
      snapshot.passed_over.push_back(line_of(problem));
    }
  }
}

// The manifests' pods, and beside them the live source's where there is one.
std::shared_ptr<const PodSnapshot> published(const PodSnapshot& from, const PodFeedOptions& options,
                                             const LiveState* live, SteadyTime now) {
  auto snapshot = std::make_shared<PodSnapshot>(from);
  const bool answered = live != nullptr && live->shown.freshness.last_heard.has_value();
  const bool without = live != nullptr && !answered && live->all_failed &&
                       options.manifests_will_do && !options.manifests.empty();
  if (without) {
    std::ranges::transform(live->problems, std::back_inserter(snapshot->errors), line_of);
  } else if (live != nullptr) {
    add_live(*live, now, *snapshot);
  } else if (options.manifests.empty()) {
    // Without a path there is nothing to follow; that is a source of its own.
    snapshot->source = "none";
    snapshot->synced = true;
    if (!options.none_wanted) {
      snapshot->errors.emplace_back(
          "there is no pod source, so nothing is known to be declared: this is not a pod; name a "
          "--pods.kubeconfig, or manifests with --pods.manifests, or say --pods.source=none");
    }
  }
  snapshot->pods = merge_pods(std::move(snapshot->pods), options.node_name);
  return snapshot;
}

std::shared_ptr<const PodSnapshot> with_manifests(const PodFeedOptions& options,
                                                  const LiveState* live, WallTime now) {
  ManifestSource source(source_options(options));
  source.refresh(steady_now(), now);
  return published(source.snapshot(), options, live, steady_now());
}

}  // namespace

std::shared_ptr<const PodSnapshot> read_pods_once(const PodFeedOptions& options, WallTime now) {
  if (options.live.empty()) return with_manifests(options, nullptr, now);
  const LiveState live = read_live_sources(options.live);
  return with_manifests(options, &live, now);
}

std::shared_ptr<const PodSnapshot> pods_at_start(const PodFeedOptions& options, WallTime now) {
  if (options.live.empty()) return with_manifests(options, nullptr, now);
  LiveState live;
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
  // Not there: it was not known.
  if (const auto version = recorded_attachment(directory, kRecordedServerVersion)) {
    snapshot->server_version = parse_server_version(*version);
  } else if (version.error().reason != Reason::vanished) {
    return std::unexpected(version.error());
  }
  return snapshot;
}

Result<std::unique_ptr<PodFeed>> PodFeed::start(PodFeedOptions options) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  std::unique_ptr<PodFeed> feed(new PodFeed(std::move(options), *std::move(wake)));
  feed->thread_ =
      std::jthread([raw = feed.get()](const std::stop_token& stopped) { raw->follow(stopped); });
  return feed;
}

PodFeed::PodFeed(PodFeedOptions options, WakeUp wake)
    : options_(std::move(options)), wake_(std::move(wake)), source_(source_options(options_)) {
  if (options_.live.empty()) return;
  live_ = std::make_unique<LiveFeed>(options_.live, options_.pace, [this] { wake_.wake(); });
}

PodFeed::~PodFeed() {
  thread_.request_stop();
  wake_.wake();
}

void PodFeed::publish() {
  const SteadyTime now = steady_now();
  if (live_ == nullptr) {
    options_.on_change(published(source_.snapshot(), options_, nullptr, now));
    return;
  }
  const LiveState live = live_->state();
  live_changes_at_ = live.shown.freshness.next_change(now);
  options_.on_change(published(source_.snapshot(), options_, &live, now));
}

void PodFeed::follow(const std::stop_token& stopped) {
  while (true) {
    // Before looking: what happens after it wakes again.
    wake_.consume();
    if (stopped.stop_requested()) return;
    source_.refresh(steady_now(), wall_now());
    publish();
    do {
      const SteadyTime next =
          std::min(source_.next_scan(), live_changes_at_.value_or(SteadyTime::max()));
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - steady_now());
      std::array<pollfd, 2> waiting{{{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                                     {.fd = source_.descriptor(), .events = POLLIN, .revents = 0}}};
      ::poll(waiting.data(), waiting.size(),
             static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
      if (waiting[0].revents != 0) break;
      if (live_changes_at_ && steady_now() >= *live_changes_at_) break;
    } while (!source_.refresh(steady_now(), wall_now()));
  }
}

}  // namespace hostnet
