#pragma once

// The thread that follows one source at a time and fails over between them.

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
  // Creates a new source for each turn; an error says why it cannot be used.
  std::function<Result<std::unique_ptr<PodSource>>()> make;
};

// The reason why a choice does not work now, one line.
struct SourceProblem {
  std::string source;  // SourceChoice::name
  std::string why;
  bool operator==(const SourceProblem&) const = default;
};

// The combined state of the choices.
struct SelectedSource {
  SourceSnapshot shown;  // of the source in use, else of the last one that answered
  // A source other than the one shown is being tried: the pods shown are stale.
  bool abandoned{};
  bool all_failed{};                    // every choice had its turn and none answered
  std::vector<SourceProblem> problems;  // in the order of the choices
};

// One request to each until one answers: for one-shot commands.
SelectedSource read_sources_once(const std::vector<SourceChoice>& choices);

struct SourcePace {
  // The first request is delayed by a random share of this: agents that start together (a rollout,
  // a power-on) do not hit the API server together.
  std::chrono::milliseconds start_spread{};
  std::chrono::milliseconds retry{800};  // the first pause after a round of failures; see Backoff
  std::function<void()> on_thread;       // called first on the selector's thread
};

class SourceSelector {
 public:
  // `on_change` is called on the selector's thread, at least once per change, never after the
  // destructor has begun. At least one choice.
  static Result<std::unique_ptr<SourceSelector>> start(std::vector<SourceChoice> choices,
                                                       SourcePace pace,
                                                       std::function<void()> on_change);
  // Ends the running request. A thread that does not return within 5 s (during name resolution) is
  // abandoned.
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
