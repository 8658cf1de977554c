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

// A finding that came (`opened`) or went. Ignored findings make no events.
struct FindingEvent {
  bool opened{};
  Finding finding;
  WallTime at;
  std::chrono::milliseconds lasted{};  // since it was first seen; of a closed one
  bool operator==(const FindingEvent&) const = default;
};

// What a scan could not read.
struct Unread {
  bool pods{}, owners{}, rules{};
  std::set<Protocol> sockets;
};
Unread unread_of(const PortSnapshot& table, const PodSnapshot& pods);

// A one-shot scan has no grace and no `since`: marks what the policy ignores.
void apply_ignore_rules(std::vector<Finding>& findings, const IgnoreRules& rules);

// Gives findings a life: `since`, grace, what unread input freezes, what is
// ignored, what came and went. For one thread (the watch).
class FindingLifecycle {
 public:
  // Takes the rules and graces of a policy, from the next update() on. On an
  // error (see IgnoreRules::compile) the ones in force stay.
  Result<> set_policy(const Policy& policy);

  struct Update {
    std::vector<Finding> findings;  // in judge_node()'s order, ignored ones included
    std::vector<FindingEvent> events;
  };
  // What judge_node() says at this tick; `last`: the findings of the update before, which only
  // their report keeps. Findings from input that was read before and is unread now are neither
  // opened nor closed nor changed, but marked: for five minutes, of pods until they are read
  // again. While only owners are unread, findings may open.
  Update update(std::vector<Finding> seen, const std::vector<Finding>& last, SteadyTime steady,
                WallTime wall, const Unread& unread = {});

 private:
  struct Entry {
    SteadyTime first_seen;
    WallTime since;
    bool open{};           // its grace is over
    bool announced{};      // an event said so
    std::uint64_t tick{};  // when it was seen last
  };
  // When an input was read last; unset: never. Frozen while that is not long ago.
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
