#pragma once

// The threads behind CollectorRunner. Internal to it.
//
// A run is worked off by one worker thread; those that wait for it watch the
// clock. When a collector passes its time, a waiter takes the run from that
// worker (`Run::owner`), which finds out when its collector returns at last, and
// gives it to a new one.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "collectors/framework/run_scrape.h"
#include "collectors/framework/runner.h"

namespace hostnet {

struct CollectorSlot {
  std::string name;
  Collect collect;
  bool running{};  // a thread is inside; beyond its time when no run says so
};

using RealTime = std::chrono::steady_clock::time_point;

struct CollectorRun {
  struct Finished {
    CollectorOutcome outcome;
    std::shared_ptr<const std::vector<MetricSource>> sources;
    bool cut{};  // not begun: the run's time was over
  };
  CollectorFilter filter;
  RealTime deadline;
  std::vector<std::optional<Finished>> finished;  // by slot
  std::optional<std::size_t> current;             // the slot that is being collected
  RealTime current_start, current_deadline;
  std::uint64_t owner{};  // the worker that works on it; 0 none
  bool done{};
  std::shared_ptr<RunScrape> scrape;
  std::vector<SharedRead> reads;
};

class CollectorRunner::State : public std::enable_shared_from_this<CollectorRunner::State> {
 public:
  State(std::shared_ptr<const Node> node, std::vector<CollectorSlot> slots,
        std::vector<std::string> disabled, RunnerSettings settings);

  CollectedFamilies collect(CollectorFilter filter, std::chrono::nanoseconds budget,
                            std::function<void()> meanwhile);
  Result<> start_worker_now();
  void stop();
  std::size_t abandoned();
  const std::vector<CollectorSlot>& slots() const { return slots_; }
  const std::vector<std::string>& disabled() const { return disabled_; }

 private:
  using Lock = std::unique_lock<std::mutex>;

  Result<> start_worker();
  void worker(std::uint64_t id);
  bool work_off(Lock& lock, CollectorRun& run, std::uint64_t id);
  bool have_worker();
  void begin_run(CollectorFilter filter, RealTime deadline);
  void watch(CollectorRun& run, RealTime now);
  void leave_behind(CollectorRun& run, RealTime now);
  void end_run(CollectorRun& run, const Error& unfinished);
  CollectedFamilies collect_by(RealTime deadline, const CollectorFilter& filter,
                               std::function<void()>& meanwhile);
  void wait(Lock& lock, CollectorRun& run, RealTime deadline);
  CollectedFamilies assemble(const CollectorFilter& filter, const CollectorRun* run) const;
  void observe(const CollectorRun& run) const;

  const std::shared_ptr<const Node> node_;
  const std::vector<std::string> disabled_;
  const RunnerSettings settings_;
  std::mutex mutex_;
  std::condition_variable work_;       // for the worker: a run without an owner, or stopping
  std::condition_variable changed_;    // for waiters: a run is done, a worker is back
  std::vector<CollectorSlot> slots_;   // names and closures never change; `running` is guarded
  std::shared_ptr<CollectorRun> run_;  // the one under way
  std::uint64_t worker_{};             // the id of the thread that takes runs; 0 none
  std::uint64_t last_id_{};
  std::size_t abandoned_{};
  bool stopping_{};
};

}  // namespace hostnet
