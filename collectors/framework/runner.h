#pragma once

// Runs the collectors for a scrape: one after the other, each timed separately,
// none able to block the page.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/collector.h"

namespace hostnet {

// A collector that is not a row of all_collectors(): the agent's own `ports`,
// `listeners` and `listener_info`, closures over the agent's state. Disabled
// ones are listed too, so that collect[] can report that they are.
struct ProvidedCollector {
  std::string name;
  bool enabled{};
  Collect collect;
};

struct CollectorOutcome {
  std::string name;
  double seconds{};  // its own work, without reads shared with other collectors
  std::optional<Error> error;
  bool success() const { return !error; }
};

// A read that several collectors share: "links".
struct SharedRead {
  std::string stage;
  double seconds{};
};

// The result of one scrape: the families of the requested collectors and those about the
// collectors themselves (node_scrape_collector_success,
// node_scrape_collector_duration_seconds). The parts are immutable and shared with other
// scrapes.
struct CollectedFamilies {
  std::vector<std::shared_ptr<const std::vector<MetricSource>>> parts;
  std::vector<CollectorOutcome> outcomes;  // in the order they ran

  // For write_exposition(); the pointers live as long as this.
  std::vector<const MetricSource*> sources() const;
};

// The collectors that a scrape requests. Made by CollectorRunner::filter().
struct CollectorFilter {
  std::vector<bool> wanted;  // by position among the runner's enabled collectors
  bool operator==(const CollectorFilter&) const = default;
};

// Called once per run, with the outcome of each collector, by a thread that called
// collect(). A collector whose hardware is absent (Reason::unsupported) is in the
// outcomes and is not an error: do not log or count it as one.
using RunObserver =
    std::function<void(std::span<const CollectorOutcome>, std::span<const SharedRead>)>;

struct RunnerSettings {
  // The longest time that one collector may take; less when the scrape has less than
  // twice that left.
  std::chrono::nanoseconds collector_timeout{std::chrono::seconds{3}};
  // The longest time that a scrape takes, whatever its header says.
  std::chrono::nanoseconds scrape_timeout{std::chrono::seconds{10}};
  // The number of threads that may be abandoned in hanging collectors. If one more hangs,
  // every collector is late until one of them returns.
  std::size_t abandoned_limit{4};
  RunObserver observer;
  // Implements Scrape::links(); the default is read_links().
  std::function<Result<std::vector<Link>>(const Node&)> read_links;
};

// The time that a scrape may take: the X-Prometheus-Scrape-Timeout-Seconds header
// (empty or invalid: no limit from it) less a margin of a tenth and at most half a
// second for writing the page, and at most `own`.
std::chrono::nanoseconds scrape_budget(std::string_view header, std::chrono::nanoseconds own);

// Thread safe. Concurrent scrapes share one run if it covers their collectors (the
// result may then be as old as that run); two runs never happen at once.
class CollectorRunner {
 public:
  // Builds the enabled rows of `table`; `enabled` is called for each. A bad option, or
  // failing to create a thread, is an error.
  static Result<std::unique_ptr<CollectorRunner>> create(
      std::shared_ptr<const Node> node, std::span<const Collector> table,
      const std::function<bool(const Collector&)>& enabled, const CollectorOptions& options,
      std::vector<ProvidedCollector> provided, RunnerSettings settings);
  // Does not wait for a collector that hangs: its thread keeps what it uses. No
  // other thread may be in collect().
  ~CollectorRunner();
  CollectorRunner(const CollectorRunner&) = delete;
  CollectorRunner& operator=(const CollectorRunner&) = delete;

  // collect[] and exclude[] of a request; both empty: every enabled collector.
  // The error's message is the body of the 400, worded as in node_exporter.
  Result<CollectorFilter> filter(std::span<const std::string> collect,
                                 std::span<const std::string> exclude) const;

  // Returns within `budget` (and scrape_timeout), with the results so far: a collector
  // that is late has success 0 and Reason::timeout, and is skipped until it returns.
  // `while_waiting`, if given, is called once, on this thread, while the collectors run:
  // it must be short, because no timeout covers it.
  CollectedFamilies collect(const CollectorFilter& filter, std::chrono::nanoseconds budget,
                            std::function<void()> while_waiting = {});

  // Names of the enabled collectors, in the order they run.
  std::vector<std::string> enabled() const;
  // The number of collectors that hang right now, with abandoned threads.
  std::size_t abandoned() const;

 private:
  class State;
  explicit CollectorRunner(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hostnet
