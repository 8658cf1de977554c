#pragma once

// The watch: a thread that scans the node every tick, and earlier when rtnetlink, the pods or the
// policy change, and publishes a Report.

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agent/findings/lifecycle.h"
#include "agent/findings/report.h"
#include "agent/watch/scan.h"
#include "netlink/base/wake_up.h"

namespace hostnet {

// The duration of the parts of one tick, in seconds, and its incidents.
struct TickStats {
  double ports{};          // dumps and owners
  double findings{};       // evaluation and tracking
  std::size_t overruns{};  // rtnetlink messages dropped by the kernel
};

struct WatchSettings {
  std::chrono::milliseconds interval{1000};
  // Return the newest pods and policy; called on the watch's thread, never null.
  std::function<std::shared_ptr<const PodSnapshot>()> pods;
  std::function<std::shared_ptr<const Policy>()> policy;
  // The unsettled refusals of bind(); null: bind events are not received. `certain`: the pods are
  // the current ones. Called on the watch's thread.
  std::function<std::shared_ptr<const std::vector<Refusal>>(const PodIndex& pods, bool certain,
                                                            WallTime now)>
      refusals;
  // Wakes the watch like wake(); for objects created before the watch.
  std::shared_ptr<const WakeUp> news;
  // The pods' declarations, whenever pods changed; called on the watch's thread.
  std::function<void(const std::vector<DeclaredPort>&)> on_declared;
  // Whether bind events arrive: then a quiet node ticks only every `quiet_interval`.
  std::function<bool()> hears_binds;
  std::chrono::milliseconds quiet_interval{5000};
  // Findings that came and went in a tick; called on the watch's thread.
  std::function<void(std::span<const FindingEvent>)> on_events;
  // May add to the new report data that the watch does not have; called on the watch's thread
  // before on_report.
  std::function<void(Report&)> amend;
  // Called once, before the first search of all processes: a report of what is known without it,
  // incomplete and without findings. On the watch's thread.
  std::function<void(std::shared_ptr<const Report>)> on_first_sight;
  // The new report and its cost; called on the watch's thread after on_events.
  std::function<void(std::shared_ptr<const Report>, const TickStats&)> on_report;
  // An error that the watch can live with; called once per change.
  std::function<void(const Error&)> on_error;
};

class Watch {
 public:
  // Starts the thread. `pods`, `policy` and `on_report` must be set.
  static Result<std::unique_ptr<Watch>> start(NodeContext node_context, WatchSettings settings);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();  // stop()

  // Pods or policy changed: scan now. Any thread.
  void wake() const { wake_.wake(); }
  // Waits for the current tick. Call it once.
  void stop();

 private:
  Watch(NodeContext node_context, WatchSettings settings, WakeUp wake);
  void run(const std::stop_token& stopped);
  void subscribe();
  void tell_first_sight();
  void tick();
  void see_policy();
  std::shared_ptr<const PortSnapshot> scan(std::vector<std::uint16_t> deep,
                                           std::shared_ptr<const std::vector<Refusal>> refusals,
                                           bool search_processes);
  void read_changes(TickStats& stats);
  void see_pods(const std::shared_ptr<const PodSnapshot>& pods);
  std::vector<std::uint16_t> ports_to_scan_fully() const;
  void sleep() const;
  bool is_quiet(const Report& report) const;

  NodeContext node_context_;
  WatchSettings settings_;
  WakeUp wake_;
  PortScanner builder_;
  const bool unified_cgroups_;
  FindingLifecycle lifecycle_;
  std::shared_ptr<const Report> last_ = std::make_shared<const Report>();
  std::shared_ptr<const Policy> policy_;  // the one used by lifecycle_
  std::shared_ptr<const PodIndex> pod_index_;
  Declarations declared_;  // of the pods in pod_index_
  std::unique_ptr<Subscription> changes_;
  bool network_changed_{true};
  // From the last tick: the ports that hostNetwork pods declared, those on which their pods do not
  // listen, and whether some of these turned up only in it.
  std::vector<std::uint16_t> covered_, ports_not_listening_;
  bool scan_again_{};
  bool quiet_{};         // as of the last tick
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hostnet
