#pragma once

// A source that polls all pods of the node.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pods/sources/pod_source.h"

namespace hostnet {

// The result of one request for the list.
struct PollAnswer {
  std::string problem;  // "": the list is complete
  std::optional<std::chrono::seconds> retry_after;
};

// Makes the requests.
class PodLister {
 public:
  PodLister() = default;
  virtual ~PodLister() = default;
  PodLister(const PodLister&) = delete;
  PodLister& operator=(const PodLister&) = delete;

  struct Parts {
    std::function<void(Pod)> on_pod;
    std::function<void()> on_left_out;  // for a pod that is too long or cannot be read
  };
  // Blocks until the list is complete or failed.
  virtual PollAnswer list(const Parts& parts) = 0;
  // From any thread: a running request ends soon, later ones end at once.
  virtual void stop() = 0;
};

struct PollPace {
  std::chrono::milliseconds interval;
  std::chrono::milliseconds retry;  // the first pause after a failure; see Backoff
};

// `name` is also Pod::source.
std::unique_ptr<PodSource> polled_source(std::string name, std::unique_ptr<PodLister> lister,
                                         PollPace pace);

}  // namespace hostnet
