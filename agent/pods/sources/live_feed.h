#pragma once

// The thread that follows one live source at a time and chooses among them.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pods/sources/live_source.h"
#include "netlink/base/worker.h"

namespace hostnet {

struct LiveChoice {
  std::string name;  // "apiserver", "kubelet"
  // Made anew when its turn comes; an error says why it cannot be used.
  std::function<Result<std::unique_ptr<LiveSource>>()> make;
};

// Why a choice does not work now, one line.
struct LiveProblem {
  std::string source;  // LiveChoice::name
  std::string why;
  bool operator==(const LiveProblem&) const = default;
};

// What the choices say together.
struct LiveState {
  LivePods shown;  // of the source in use, else of the one that answered last
  // Another than the shown one is being tried: what is shown is stale.
  bool abandoned{};
  bool all_failed{};                  // every choice had its turn and none answered
  std::vector<LiveProblem> problems;  // in the order of the choices
};

// One request to each until one answers: for commands that look once.
LiveState read_live_sources(const std::vector<LiveChoice>& choices);

struct LivePace {
  // The very first request waits a random share of this: agents that are started
  // together (a roll-out, a power-on) do not ask the API server together.
  std::chrono::milliseconds start_spread{};
  std::chrono::milliseconds retry{800};  // the first pause after a round in vain; see Backoff
};

class LiveFeed {
 public:
  // `on_change` is called on the feed's thread, at least once per change, never
  // after the destructor began. At least one choice.
  LiveFeed(std::vector<LiveChoice> choices, LivePace pace, std::function<void()> on_change);
  // Ends the request at hand. A thread that does not come back within 5 s (a name
  // that is being resolved) is abandoned.
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  LiveState state() const;  // from any thread

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Worker worker_{"pod feed"};
};

}  // namespace hostnet
