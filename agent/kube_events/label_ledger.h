#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/report.h"
#include "agent/kube/kube_request.h"
#include "netlink/base/clock.h"
#include "netlink/base/token_bucket.h"

namespace hostnet {

// "hostports.hostnet-agent.io/tcp-8080: unmanaged".
inline constexpr std::string_view kPortLabelPrefix = "hostports.hostnet-agent.io/";
inline constexpr std::string_view kPortLabelValue = "unmanaged";

using LabelledPort = std::pair<Protocol, std::uint16_t>;

// Decides which labels the node should have: one per port that the policy lists (label_ports) or
// that was once in conflict here, while a program or container outside Kubernetes listens on it. A
// label is added after 30 seconds of that and removed after 5 minutes without it; at most 32.
// Labels with our prefix and another value are not touched. A dry run right before each write
// returns the existing labels, also those from before an upgrade (reading the node would need
// another right). Pure: no clock, no connection. For one thread.
class LabelLedger {
 public:
  static constexpr std::chrono::seconds kHeldFor{30};
  static constexpr std::chrono::minutes kFreeFor{5};
  static constexpr std::chrono::seconds kReadBefore{10};
  static constexpr std::size_t kMostLabels = 32;

  explicit LabelLedger(const std::string& node_name);

  // A report that is not publishable (words.h), or whose sockets or owners are not all known,
  // changes nothing.
  void see(const Report& report, SteadyTime now);

  // The request to make now; unset: none. The caller must pass its result to answered().
  std::optional<KubeRequest> next(SteadyTime now);
  // Takes the answer to next(). False: it failed, and the next one should be delayed.
  bool answered(const KubeAnswer& answer, SteadyTime now);

  // Removes all labels (--report.node-labels-remove-on-exit). Unset: there are none.
  std::optional<KubeRequest> removal() const;

 private:
  struct Watched {
    bool held{};
    SteadyTime since;  // the time of the last change of `held`
  };
  std::set<LabelledPort> wanted(SteadyTime now) const;
  KubeRequest patch(const std::map<std::string, bool>& changes, bool dry_run) const;
  std::map<std::string, bool> changes_to(const std::set<LabelledPort>& wanted) const;

  std::string path_;
  std::map<LabelledPort, Watched> watched_;
  std::optional<std::set<std::string>> ours_;  // our labels on the node; unset: not read yet
  std::set<std::string> foreign_;              // with our prefix, but not in our form
  std::map<std::string, bool> sending_;        // true: to be added
  bool publishable_{};                         // of the last report
  SteadyTime seen_at_;
  std::optional<SteadyTime> read_at_;  // time of the last read; unset after a write
  TokenBucket changes_{5, std::chrono::seconds(60)};
};

}  // namespace hostnet
