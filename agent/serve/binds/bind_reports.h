#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "agent/binds/bind_watch.h"
#include "agent/binds/open_bind_events.h"
#include "agent/metrics/agent_metrics.h"
#include "agent/watch/watch.h"

namespace hostnet {

// Bind events in the daemon: the thread that receives them, what the watch learns from them, and
// what is counted. Outlives the watch.
class BindReports {
 public:
  struct Inputs {
    // Newest pods and policy; called on any thread, never null.
    std::function<std::shared_ptr<const PodSnapshot>()> pods;
    std::function<std::shared_ptr<const Policy>()> policy;
    std::function<void(const RefusedBind&)> on_refused;
  };
  // `opened`: the result of open_bind_events().
  BindReports(AgentMetrics& metrics, Inputs inputs, OpenedBindEvents opened);

  // Starts to listen to the events of `node`; does nothing if there are none.
  Result<> start(const std::shared_ptr<const Node>& node);
  // Makes the watch query this object. Call after start().
  void connect(WatchSettings& settings, bool interval_given);
  // Adds to a report why bind events are missing; counts lost ones. On the watch's thread.
  void amend(Report& report);

 private:
  BindWatchSettings watch_settings(const std::shared_ptr<WakeUp>& news);
  void on_refused(const RefusedBind& refused);

  AgentMetrics& metrics_;
  Inputs inputs_;
  OpenedBindEvents opened_;
  std::atomic<bool> detached_;
  std::uint64_t dropped_{}, cut_{};  // as counted so far
  std::shared_ptr<WakeUp> news_;
  std::unique_ptr<BindWatch> watch_;  // last: its thread uses the others
};

}  // namespace hostnet
