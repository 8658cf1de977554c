#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/finding.h"
#include "agent/findings/ignore.h"
#include "netlink/base/clock.h"

namespace hostnet {

// A finding that came (`opened`) or went. Ignored findings make no events.
struct FindingEvent {
  bool opened{};
  Finding finding;
  WallTime at;
  std::chrono::milliseconds lasted{};  // since it was first seen; of a closed one
  bool operator==(const FindingEvent&) const = default;
};

// How long a verdict must hold before it is a finding, where the policy says
// nothing: 60 s for hostport_not_programmed and hostport_rule_stale, else 0.
std::chrono::seconds default_grace(Verdict verdict);
std::chrono::seconds grace_of(Verdict verdict, const Policy& policy);

// One look has no grace and no `since`: marks what the policy ignores.
void apply_ignore_rules(std::vector<Finding>& findings, const IgnoreRules& rules);

// Gives findings a life: `since`, grace, what stale pod data freezes, what is
// ignored, what came and went. For one thread (the watch).
class FindingTracker {
 public:
  // Keeps the last `history_limit` events.
  explicit FindingTracker(std::size_t history_limit = 256);

  // Takes the rules and graces of a policy, from the next update() on. On an
  // error (see IgnoreRules::compile) the ones in force stay.
  Result<> set_policy(const Policy& policy);

  struct Update {
    std::vector<Finding> findings;  // in find_findings()' order, ignored ones included
    std::vector<FindingEvent> events;
  };
  // What find_findings() says at this tick. While `pods_stale`, findings that
  // depend on pods are neither opened nor closed nor changed, but marked.
  Update update(std::vector<Finding> seen, SteadyTime steady, WallTime wall, bool pods_stale);

  // How many findings of a verdict were opened since the start.
  std::uint64_t opened_total(Verdict verdict) const;
  // Oldest first.
  const std::deque<FindingEvent>& history() const { return history_; }

 private:
  struct Entry {
    Finding finding;
    SteadyTime first_seen;
    WallTime since;
    bool open{};           // its grace is over
    bool announced{};      // an event said so
    std::uint64_t tick{};  // when it was seen last
  };

  void see(Finding&& finding, SteadyTime steady, WallTime wall);
  void settle(Entry& entry, SteadyTime steady, WallTime wall, Update& update);
  void close(const Entry& entry, SteadyTime steady, WallTime wall, Update& update);
  void remember(FindingEvent event, Update& update);

  std::size_t history_limit_;
  IgnoreRules rules_;
  std::map<Verdict, std::chrono::seconds> grace_;
  std::map<std::string, Entry> entries_;  // by id
  std::uint64_t tick_{};
  std::array<std::uint64_t, kVerdictCount> opened_{};
  std::deque<FindingEvent> history_;
};

}  // namespace hostnet
