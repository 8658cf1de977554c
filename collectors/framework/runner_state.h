#pragma once

// The implementation of CollectorRunner. Internal to it.
//
// One Worker executes a run; the scrapes that wait for it watch the clock. When a
// collector exceeds its time, a waiter abandons its thread and gives the rest of the
// run to a new one. The old one, should it return, sees from `CollectorRun::turn` that
// it no longer owns the run.

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
#include "netlink/base/worker.h"

namespace hostnet {

struct CollectorSlot {
  std::string name;
  Collect collect;
  bool running{};  // a thread is inside; if no current run has it, it is overdue
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
  std::uint64_t turn{};  // the number of threads abandoned in this run
  bool done{};
  std::shared_ptr<RunScrape> scrape;
  std::vector<SharedRead> reads;
};

class CollectorRunner::State : public std::enable_shared_from_this<CollectorRunner::State> {
 public:
  State(std::shared_ptr<const Node> node, std::vector<CollectorSlot> slots,
        std::vector<std::string> disabled, RunnerSettings settings);

  CollectedFamilies collect(CollectorFilter filter, std::chrono::nanoseconds budget,
                            std::function<void()> while_waiting);
  Result<> start();
  void stop();
  std::size_t abandoned();
  const std::vector<CollectorSlot>& slots() const { return slots_; }
  const std::vector<std::string>& disabled() const { return disabled_; }

 private:
  using Lock = std::unique_lock<std::mutex>;

  bool begin_run(const CollectorFilter& filter, RealTime deadline);
  Result<> give_rest_of(const std::shared_ptr<CollectorRun>& run);
  void work_off(CollectorRun& run, std::uint64_t turn);
  static CollectorRun::Finished not_begun(const CollectorSlot& slot);
  CollectorRun::Finished collect_one(const CollectorSlot& slot, RunScrape& scrape,
                                     std::chrono::nanoseconds allowed,
                                     std::optional<double>& shared) const;
  void watch(const std::shared_ptr<CollectorRun>& run, RealTime now);
  void abandon_thread_of(CollectorRun& run);
  void end_run(CollectorRun& run, const Error& unfinished);
  CollectedFamilies collect_by(RealTime deadline, const CollectorFilter& filter,
                               std::function<void()>& while_waiting);
  void wait(Lock& lock, const std::shared_ptr<CollectorRun>& run, RealTime deadline);
  CollectedFamilies assemble(const CollectorFilter& filter, const CollectorRun* run) const;
  void observe(const CollectorRun& run) const;

  const std::shared_ptr<const Node> node_;
  const std::vector<std::string> disabled_;
  const RunnerSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;    // a run is done, an abandoned thread has returned
  std::vector<CollectorSlot> slots_;   // names and closures never change; `running` is guarded
  std::shared_ptr<CollectorRun> run_;  // the current run
  Worker worker_{"collectors"};
  std::size_t abandoned_{};  // threads that have not returned
};

}  // namespace hostnet
