#pragma once

// Merges the pods of all sources and publishes them: manifest files, plus the API server or the
// kubelet.

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

// The names of the attachments with the pods and the API server's version in a recording:
// Recorder::attach().
inline constexpr std::string_view kRecordedPods = "pods.json";
inline constexpr std::string_view kRecordedServerVersion = "version.json";

struct PodSourceOptions {
  std::vector<std::string> manifests;  // files and folders
  std::vector<SourceChoice> live;      // over the network, best first; may be empty
  // The sources of --pods.source=auto that are not in `live`: "apiserver: why".
  std::vector<std::string> not_asked;
  // The manifests are the node's static pods, and no source knows the other pods.
  bool only_static{};
  std::vector<std::string> kubeconfigs_passed_over;  // of this node's kubelet: "FILE: why"
  SourcePace pace;
  // If no live source has ever answered, manifests alone are enough (--pods.source=auto).
  bool manifests_will_do{};
  // No source at all is intended (--pods.source=none), not an error to report.
  bool none_wanted{};
  std::string node_name;
  // Called after each new snapshot (the first included), on the manager's thread.
  std::function<void(std::shared_ptr<const PodSnapshot>)> on_change;
};

// The current pods, with one request to each source: for one-shot commands. Blocks.
std::shared_ptr<const PodSnapshot> read_pods_once(const PodSourceOptions& options, WallTime now);
// The snapshot that is available at once: manifests, while the live source has not answered yet.
std::shared_ptr<const PodSnapshot> pods_at_start(const PodSourceOptions& options, WallTime now);
// The pods of a recording; `now` is when it was made.
Result<std::shared_ptr<const PodSnapshot>> recorded_pods(const std::string& directory,
                                                         WallTime now);

class PodSourceManager {
 public:
  static Result<std::unique_ptr<PodSourceManager>> start(PodSourceOptions options);
  PodSourceManager(const PodSourceManager&) = delete;
  PodSourceManager& operator=(const PodSourceManager&) = delete;
  // on_change is not called after the destructor has begun.
  ~PodSourceManager();

 private:
  struct Shared;
  explicit PodSourceManager(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;
  Worker worker_{"pods"};
};

}  // namespace hostnet
