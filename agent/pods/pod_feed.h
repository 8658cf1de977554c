#pragma once

// The thread that follows a pod source and publishes what it knows.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/pods/manifest_source.h"
#include "agent/pods/pod.h"
#include "agent/watch/wake_up.h"
#include "netlink/error.h"

namespace hostnet {

// The name of the pods in a recording: Recorder::attach().
inline constexpr std::string_view kRecordedPods = "pods.json";

struct PodFeedOptions {
  std::vector<std::string> manifests;  // files and folders
  // Without manifests: that is as it should be (--pods.source=none), or something
  // to complain about.
  bool none_wanted{};
  std::string node_name;
  // After each new snapshot (the first included), on the feed's thread.
  std::function<void(std::shared_ptr<const PodSnapshot>)> on_change;
};

// What the manifests say right now, read once: one-shot commands.
std::shared_ptr<const PodSnapshot> read_pods_once(const PodFeedOptions& options, WallTime now);
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

  PodFeedOptions options_;
  WakeUp wake_;
  ManifestSource source_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hostnet
