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

// The moment of the bind as the daemon has it: the thread that hears of it, what the watch learns
// of that, and what is counted. Outlives the watch.
class BindReports {
 public:
  struct Inputs {
    // Newest pods and policy; called on any thread, never null.
    std::function<std::shared_ptr<const PodSnapshot>()> pods;
    std::function<std::shared_ptr<const Policy>()> policy;
    std::function<void(const RefusedBind&)> on_refused;
  };
  // `opened` as open_bind_events() gave it.
  BindReports(AgentMetrics& metrics, Inputs inputs, OpenedBindEvents opened);

  // Starts to listen; nothing where there are no events. `node` has them.
  Result<> start(const std::shared_ptr<const Node>& node);
  // Makes the watch ask here. After start().
  void connect(WatchSettings& settings, bool interval_given);
  // Tells a report why nobody hears of binds; counts what was lost. On the watch's thread.
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
