#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/finding.h"
#include "agent/findings/ignore.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

// A finding that opened (`opened`) or closed. Ignored findings produce no events.
struct FindingEvent {
  bool opened{};
  Finding finding;
  WallTime at;
  std::chrono::milliseconds lasted{};  // for closed findings: time since it was first seen
  bool operator==(const FindingEvent&) const = default;
};

// Inputs that a scan could not read.
struct Unread {
  bool pods{}, owners{}, rules{};
  std::set<Protocol> sockets;
};
Unread unread_of(const PortSnapshot& table, const PodSnapshot& pods);

// One-shot scans have no grace period and no `since`: this only marks findings the policy ignores.
void apply_ignore_rules(std::vector<Finding>& findings, const IgnoreRules& rules);

// Tracks findings over time: `since`, grace periods, freezing on unread input, ignore rules, opened
// and closed events. Not thread safe (used by the watch).
class FindingLifecycle {
 public:
  // Applies the rules and grace periods of a policy from the next update() on. On an error (see
  // IgnoreRules::compile) the current ones stay in force.
  Result<> set_policy(const Policy& policy);

  struct Update {
    std::vector<Finding> findings;  // in judge_node()'s order, ignored ones included
    std::vector<FindingEvent> events;
  };
  // `seen`: judge_node()'s findings of this tick; `last`: the findings of the previous update,
  // which only its report keeps. Findings whose input was readable before and is unread now are not
  // opened, closed or changed, but marked stale: for five minutes, or, if pods are unread, until
  // those are read again. While only owners are unread, findings may open.
  Update update(std::vector<Finding> seen, const std::vector<Finding>& last, SteadyTime steady,
                WallTime wall, const Unread& unread = {});

 private:
  struct Entry {
    SteadyTime first_seen;
    WallTime since;
    bool open{};           // its grace period is over
    bool announced{};      // an event reported it
    std::uint64_t tick{};  // when it was last seen
  };
  // When an input was last read; unset: never. Frozen while unread, if that was recently.
  struct LastRead {
    std::optional<SteadyTime> at;
    bool frozen{};
    void see(bool unread, SteadyTime now);
  };

  bool is_frozen(const Finding& finding) const;
  bool outlives(const Finding& unseen) const;
  void see(Finding finding, SteadyTime steady, WallTime wall, Update& update);
  void miss(const Finding& last, SteadyTime steady, WallTime wall, Update& update);
  void settle(Entry& entry, Finding finding, WallTime wall, Update& update);

  IgnoreRules rules_;
  std::map<Verdict, std::chrono::seconds> grace_;
  std::map<std::string, Entry> entries_;  // by id
  std::uint64_t tick_{};
  bool pods_unread_{};
  LastRead last_owners_, last_rules_;
  std::map<Protocol, LastRead> last_sockets_;
};

}  // namespace hostnet
