#pragma once

// A source that is asked for all pods of the node again and again.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pods/sources/pod_source.h"

namespace hostnet {

// What came of one request for the list.
struct PollAnswer {
  std::string problem;  // "": it is whole
  std::optional<std::chrono::seconds> retry_after;
};

// Who makes the request.
class PodLister {
 public:
  PodLister() = default;
  virtual ~PodLister() = default;
  PodLister(const PodLister&) = delete;
  PodLister& operator=(const PodLister&) = delete;

  struct Parts {
    std::function<void(Pod)> on_pod;
    std::function<void()> on_left_out;  // a pod that is too long, or cannot be read
  };
  // Blocks until the list is over.
  virtual PollAnswer list(const Parts& parts) = 0;
  // From any thread: what runs ends soon, what comes later ends at once.
  virtual void stop() = 0;
};

struct PollPace {
  std::chrono::milliseconds interval;
  std::chrono::milliseconds retry;  // the first pause after a failure; see Backoff
};

// `name` is Pod::source, too.
std::unique_ptr<PodSource> polled_source(std::string name, std::unique_ptr<PodLister> lister,
                                         PollPace pace);

}  // namespace hostnet
