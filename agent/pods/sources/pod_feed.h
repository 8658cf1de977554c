#pragma once

// The thread that puts together what the sources of pods know, and publishes it:
// manifests, and beside them a live source (agent/kube) with a thread of its own.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/pods/sources/live_feed.h"
#include "agent/pods/sources/manifest_source.h"
#include "netlink/base/error.h"
#include "netlink/base/wake_up.h"

namespace hostnet {

// The names of the pods and of the API server's version in a recording:
// Recorder::attach().
inline constexpr std::string_view kRecordedPods = "pods.json";
inline constexpr std::string_view kRecordedServerVersion = "version.json";

struct PodFeedOptions {
  std::vector<std::string> manifests;  // files and folders
  std::vector<LiveChoice> live;        // the live sources, best first; may be empty
  // Those of --pods.source=auto that are not among them: "apiserver: why".
  std::vector<std::string> not_asked;
  LivePace pace;
  // Where no live source ever answered, manifests alone will do (--pods.source=auto).
  bool manifests_will_do{};
  // Neither: that is as it should be (--pods.source=none), or something to
  // complain about.
  bool none_wanted{};
  std::string node_name;
  // After each new snapshot (the first included), on the feed's thread.
  std::function<void(std::shared_ptr<const PodSnapshot>)> on_change;
};

// What the sources say right now, each asked once: one-shot commands. Blocks.
std::shared_ptr<const PodSnapshot> read_pods_once(const PodFeedOptions& options, WallTime now);
// What can be said at once: manifests, and that a live source has not answered yet.
std::shared_ptr<const PodSnapshot> pods_at_start(const PodFeedOptions& options, WallTime now);
// The pods that a recording holds; `now` is when it was made.
Result<std::shared_ptr<const PodSnapshot>> recorded_pods(const std::string& directory,
                                                         WallTime now);

class PodFeed {
 public:
  static Result<std::unique_ptr<PodFeed>> start(PodFeedOptions options);
  PodFeed(const PodFeed&) = delete;
  PodFeed& operator=(const PodFeed&) = delete;
  ~PodFeed();

 private:
  PodFeed(PodFeedOptions options, WakeUp wake);
  void follow(const std::stop_token& stopped);
  void publish();

  PodFeedOptions options_;
  WakeUp wake_;
  ManifestSource source_;
  std::unique_ptr<LiveFeed> live_;
  std::optional<SteadyTime> live_changes_at_;  // it becomes stale, or is no longer
  std::jthread thread_;                        // last: it uses the others
};

}  // namespace hostnet
