#pragma once

// Puts together what the sources of pods know, and publishes it: manifest files,
// and beside them the API server or the kubelet.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/pods/sources/source_selector.h"
#include "netlink/base/error.h"
#include "netlink/base/worker.h"

namespace hostnet {

// The names of the pods and of the API server's version in a recording:
// Recorder::attach().
inline constexpr std::string_view kRecordedPods = "pods.json";
inline constexpr std::string_view kRecordedServerVersion = "version.json";

struct PodSourceOptions {
  std::vector<std::string> manifests;  // files and folders
  std::vector<SourceChoice> live;      // over the network, best first; may be empty
  // Those of --pods.source=auto that are not among them: "apiserver: why".
  std::vector<std::string> not_asked;
  // The manifests are the node's static pods, and nobody tells of the others.
  bool only_static{};
  std::vector<std::string> kubeconfigs_passed_over;  // of this node's kubelet: "FILE: why"
  SourcePace pace;
  // Where no live source ever answered, manifests alone will do (--pods.source=auto).
  bool manifests_will_do{};
  // Neither: that is as it should be (--pods.source=none), or something to
  // complain about.
  bool none_wanted{};
  std::string node_name;
  // After each new snapshot (the first included), on the manager's thread.
  std::function<void(std::shared_ptr<const PodSnapshot>)> on_change;
};

// What the sources say right now, each asked once: one-shot commands. Blocks.
std::shared_ptr<const PodSnapshot> read_pods_once(const PodSourceOptions& options, WallTime now);
// What can be said at once: manifests, and that a live source has not answered yet.
std::shared_ptr<const PodSnapshot> pods_at_start(const PodSourceOptions& options, WallTime now);
// The pods that a recording holds; `now` is when it was made.
Result<std::shared_ptr<const PodSnapshot>> recorded_pods(const std::string& directory,
                                                         WallTime now);

class PodSourceManager {
 public:
  static Result<std::unique_ptr<PodSourceManager>> start(PodSourceOptions options);
  PodSourceManager(const PodSourceManager&) = delete;
  PodSourceManager& operator=(const PodSourceManager&) = delete;
  // on_change is not called after it began.
  ~PodSourceManager();

 private:
  struct Shared;
  explicit PodSourceManager(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;
  Worker worker_{"pods"};
};

}  // namespace hostnet
