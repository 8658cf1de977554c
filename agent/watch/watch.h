#pragma once

// The watch: a thread that scans the node every tick, and sooner when
// rtnetlink, the pods or the policy change, and hands out a Report.

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

// How long the parts of one tick took, in seconds, and what it met.
struct TickStats {
  double ports{};          // dumps and owners
  double findings{};       // judge and keep track
  std::size_t overruns{};  // rtnetlink messages that the kernel dropped
};

struct WatchSettings {
  std::chrono::milliseconds interval{1000};
  // Newest pods and policy; called on the watch's thread, never null.
  std::function<std::shared_ptr<const PodSnapshot>()> pods;
  std::function<std::shared_ptr<const Policy>()> policy;
  // What bind() refused and is not settled; null: nobody hears of that. `certain`: the pods are
  // those that there are now. Called on the watch's thread.
  std::function<std::shared_ptr<const std::vector<Refusal>>(const PodIndex& pods, bool certain,
                                                            WallTime now)>
      refusals;
  // Wakes the watch as wake() does; for what exists before the watch.
  std::shared_ptr<const WakeUp> news;
  // What pods declare, whenever pods changed; called on the watch's thread.
  std::function<void(const std::vector<DeclaredPort>&)> on_declared;
  // Whether bind events arrive: a quiet node then ticks every `quiet_interval` only.
  std::function<bool()> hears_binds;
  std::chrono::milliseconds quiet_interval{5000};
  // What came and went in a tick; called on the watch's thread.
  std::function<void(std::span<const FindingEvent>)> on_events;
  // May add to the new report what the watch does not know; called on the
  // watch's thread before on_report.
  std::function<void(Report&)> amend;
  // Once, before the first search of all processes: what is known without it, and nothing judged.
  // It is not complete and has no findings. Called on the watch's thread.
  std::function<void(std::shared_ptr<const Report>)> on_first_sight;
  // The new report and what it cost; called on the watch's thread after on_events.
  std::function<void(std::shared_ptr<const Report>, const TickStats&)> on_report;
  // Something that the watch lives on without, once per change.
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
  // Waits for the tick under way. Once.
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
  std::shared_ptr<const Policy> policy_;  // the one that lifecycle_ has
  std::shared_ptr<const PodIndex> pod_index_;
  Declarations declared_;  // of those pods
  std::unique_ptr<Subscription> changes_;
  bool network_changed_{true};
  // Of the last tick: the ports that hostNetwork pods declared, those that their
  // pods do not listen on, and whether some of these were only learned in it.
  std::vector<std::uint16_t> covered_, ports_not_listening_;
  bool scan_again_{};
  bool quiet_{};         // as of the last tick
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hostnet
