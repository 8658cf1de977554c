#pragma once

// The thread that follows one source at a time and chooses among them (failover).

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pods/sources/pod_source.h"
#include "netlink/base/worker.h"

namespace hostnet {

struct SourceChoice {
  std::string name;  // "apiserver", "pods-api", "kubelet"
  // Made anew when its turn comes; an error says why it cannot be used.
  std::function<Result<std::unique_ptr<PodSource>>()> make;
};

// Why a choice does not work now, one line.
struct SourceProblem {
  std::string source;  // SourceChoice::name
  std::string why;
  bool operator==(const SourceProblem&) const = default;
};

// What the choices say together.
struct SelectedSource {
  SourceSnapshot shown;  // of the source in use, else of the one that answered last
  // Another than the shown one is being tried: what is shown is stale.
  bool abandoned{};
  bool all_failed{};                    // every choice had its turn and none answered
  std::vector<SourceProblem> problems;  // in the order of the choices
};

// One request to each until one answers: for commands that scan once.
SelectedSource read_sources_once(const std::vector<SourceChoice>& choices);

struct SourcePace {
  // The very first request waits a random share of this: agents that are started
  // together (a roll-out, a power-on) do not ask the API server together.
  std::chrono::milliseconds start_spread{};
  std::chrono::milliseconds retry{800};  // the first pause after a round in vain; see Backoff
  std::function<void()> on_thread;       // called first on the thread that asks
};

class SourceSelector {
 public:
  // `on_change` is called on the selector's thread, at least once per change, never
  // after the destructor began. At least one choice.
  static Result<std::unique_ptr<SourceSelector>> start(std::vector<SourceChoice> choices,
                                                       SourcePace pace,
                                                       std::function<void()> on_change);
  // Ends the request at hand. A thread that does not come back within 5 s (a name
  // that is being resolved) is abandoned.
  ~SourceSelector();
  SourceSelector(const SourceSelector&) = delete;
  SourceSelector& operator=(const SourceSelector&) = delete;

  SelectedSource state() const;  // from any thread

 private:
  struct Shared;
  SourceSelector();

  std::shared_ptr<Shared> shared_;
  Worker worker_{"pod-source"};
};

}  // namespace hostnet
