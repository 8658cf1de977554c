#include "agent/pods/pod_feed.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "agent/pods/manifest.h"
#include "netlink/node/node.h"

namespace hostnet {
namespace {

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

ManifestSourceOptions source_options(const PodFeedOptions& options) {
  ManifestSourceOptions source;
  source.paths = options.manifests;
  source.node_name = options.node_name;
  return source;
}

// Without a path there is nothing to follow; that is a source of its own.
std::shared_ptr<const PodSnapshot> published(const PodSnapshot& from,
                                             const PodFeedOptions& options) {
  auto snapshot = std::make_shared<PodSnapshot>(from);
  if (options.manifests.empty()) {
    snapshot->source = "none";
    snapshot->synced = true;
    if (!options.none_wanted) {
      snapshot->errors.emplace_back(
          "there is no pod source, so nothing is known to be declared: name manifests with "
          "--pods.manifests, or say --pods.source=none");
    }
  }
  snapshot->pods = merge_pods(std::move(snapshot->pods), options.node_name);
  return snapshot;
}

}  // namespace

std::shared_ptr<const PodSnapshot> read_pods_once(const PodFeedOptions& options, WallTime now) {
  ManifestSource source(source_options(options));
  source.refresh(steady_now(), now);
  return published(source.snapshot(), options);
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
    : options_(std::move(options)), wake_(std::move(wake)), source_(source_options(options_)) {}

PodFeed::~PodFeed() {
  thread_.request_stop();
  wake_.wake();
}

void PodFeed::follow(const std::stop_token& stopped) {
  while (!stopped.stop_requested()) {
    if (source_.refresh(steady_now(), wall_now())) {
      options_.on_change(published(source_.snapshot(), options_));
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(source_.next_look() - steady_now());
    std::array<pollfd, 2> waiting{{{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                                   {.fd = source_.descriptor(), .events = POLLIN, .revents = 0}}};
    ::poll(waiting.data(), waiting.size(),
           static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
  }
}

}  // namespace hostnet
