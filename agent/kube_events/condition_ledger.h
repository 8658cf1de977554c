#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/findings/report.h"
#include "agent/kube/kube_request.h"
#include "netlink/base/clock.h"
#include "netlink/base/token_bucket.h"

namespace hostnet {

inline constexpr std::string_view kConditionType = "HostPortConflict";

// The wanted content of the condition.
struct NodeCondition {
  bool holds{};
  std::string reason, message;
  bool operator==(const NodeCondition&) const = default;
};

// True: there are conflicts that are warnings or worse and not ignored, those for which
// `hostnet-agent conflicts` exits 1. Names the first ones. Pure.
NodeCondition condition_of(const Report& report);

// Decides when the node's condition must be written: on changes, and every 5 minutes as a
// heartbeat, as node-problem-detector does. lastTransitionTime changes only with the status, across
// restarts too: the first request is a dry run that returns the existing condition (reading it
// would need another right).
// Pure: no clock, no connection. For one thread.
class ConditionLedger {
 public:
  static constexpr std::chrono::minutes kHeartbeat{5};

  // `random`, 0 to 1, spreads the heartbeats of many agents.
  ConditionLedger(const std::string& node_name, double random);

  // A report that is not publishable (words.h) stops all writes, heartbeats too.
  void see(const Report& report);

  // The request to make now; unset: none. The caller must pass its result to answered().
  std::optional<KubeRequest> next(SteadyTime now, WallTime wall);
  // Takes the answer to next(). False: it failed, and the next one should be delayed.
  bool answered(const KubeAnswer& answer, SteadyTime now);

  // The last request, when the agent stops: a True that nobody would clear must not stay. Unset:
  // there is none.
  std::optional<KubeRequest> last_word(WallTime wall);

 private:
  struct Said {
    NodeCondition condition;
    std::string transition;  // lastTransitionTime
  };
  KubeRequest patch(const std::string& members, bool dry_run) const;
  KubeRequest write(const NodeCondition& condition, WallTime wall);
  bool learn(const KubeAnswer& answer);

  std::string path_;
  std::chrono::milliseconds first_heartbeat_;
  std::optional<NodeCondition> wanted_;
  bool asked_{};                     // the existing condition is known, or cannot be
  std::string status_, transition_;  // as the server has them; "" unknown
  std::optional<NodeCondition> written_;
  std::optional<Said> sending_;
  bool may_be_true_{};  // the server's status may be True
  SteadyTime heartbeat_at_;
  TokenBucket changes_{5, std::chrono::seconds(30)};
};

}  // namespace hostnet
