#pragma once

// Runs the collectors for a scrape: one after the other, each timed by itself,
// none able to hold up the page.

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

// A collector that is no row of all_collectors(): the agent's own `ports`,
// `listeners` and `listener_info`, closures over what the agent knows. Disabled
// ones are listed too, so that collect[] can say that they are.
struct ProvidedCollector {
  std::string name;
  bool enabled{};
  Collect collect;
};

struct CollectorOutcome {
  std::string name;
  double seconds{};  // its own work; reads that it shares with others are not in it
  std::optional<Error> error;
  bool success() const { return !error; }
};

// A read that several collectors share: "links".
struct SharedRead {
  std::string stage;
  double seconds{};
};

// What one scrape gets: the families of the collectors that it asked for and
// those about the collectors themselves (node_scrape_collector_success,
// node_scrape_collector_duration_seconds). Shared with other scrapes: the parts
// are immutable.
struct CollectedFamilies {
  std::vector<std::shared_ptr<const std::vector<MetricSource>>> parts;
  std::vector<CollectorOutcome> outcomes;  // in the order they ran

  // For write_exposition(); the pointers live as long as this.
  std::vector<const MetricSource*> sources() const;
};

// Which collectors a scrape asks for. Made by CollectorRunner::filter().
struct CollectorFilter {
  std::vector<bool> wanted;  // by position among the runner's enabled collectors
  bool operator==(const CollectorFilter&) const = default;
};

// Told once for each run and collector, from a thread that called collect().
// A collector whose hardware is absent (Reason::unsupported) is in the outcomes
// and is no error: do not log or count it as one.
using RunObserver =
    std::function<void(std::span<const CollectorOutcome>, std::span<const SharedRead>)>;

struct RunnerSettings {
  // The longest that one collector may take; less when the scrape has less
  // than twice that left.
  std::chrono::nanoseconds collector_timeout{std::chrono::seconds{3}};
  // The longest that a scrape takes, whatever its header says.
  std::chrono::nanoseconds scrape_timeout{std::chrono::seconds{10}};
  // Threads that may be abandoned in a collector that hangs. When one more does,
  // every collector is late until one of them returns.
  std::size_t abandoned_limit{4};
  RunObserver observer;
  // Where Scrape::links() comes from; the default is read_links().
  std::function<Result<std::vector<Link>>(const Node&)> read_links;
};

// The time a scrape may take: the X-Prometheus-Scrape-Timeout-Seconds header
// (empty: none; nonsense counts as none) less a margin of a tenth and at most
// half a second for writing the page, and at most `own`.
std::chrono::nanoseconds scrape_budget(std::string_view header, std::chrono::nanoseconds own);

// Thread safe. Concurrent scrapes share one run where it covers what they ask
// for (what they get may then be as old as that run); there are never two at
// once.
class CollectorRunner {
 public:
  // Builds the enabled rows of `table`; `enabled` is asked with each name. A bad
  // option, or no thread to run on, is an error.
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
  // The error's message is the body of the 400, as node_exporter words it.
  Result<CollectorFilter> filter(std::span<const std::string> collect,
                                 std::span<const std::string> exclude) const;

  // Returns within `budget` (and scrape_timeout), with what is there by then: a
  // collector that is late has success 0 and Reason::timeout, and is skipped
  // until it returns. `while_waiting`, if given, is called once, on this thread while
  // the collectors run: it must be short, nothing watches it.
  CollectedFamilies collect(const CollectorFilter& filter, std::chrono::nanoseconds budget,
                            std::function<void()> while_waiting = {});

  // Names of the enabled collectors, in the order they run.
  std::vector<std::string> enabled() const;
  // How many collectors hang right now, their threads abandoned.
  std::size_t abandoned() const;

 private:
  class State;
  explicit CollectorRunner(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hostnet
