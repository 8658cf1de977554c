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

// Which labels the node is to have: ports that the policy lists (label_ports) or that were once in
// conflict here, while a program or container outside Kubernetes listens on them. A label comes
// when that held for 30 seconds and goes when it did not for 5 minutes; at most 32, and
// none with our prefix that says something else is touched. What is there, and after an upgrade
// what was labelled before, tells a dry run right before each write (reading the node would need
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

  // The request to make now; unset: none. To be followed by answered().
  std::optional<KubeRequest> next(SteadyTime now);
  // What came of it. False: it failed, and the next one had better wait.
  bool answered(const KubeAnswer& answer, SteadyTime now);

  // Takes all labels away (--report.node-labels-remove-on-exit). Unset: there are none.
  std::optional<KubeRequest> removal() const;

 private:
  struct Watched {
    bool held{};
    SteadyTime since;  // it is so
  };
  std::set<LabelledPort> wanted(SteadyTime now) const;
  KubeRequest patch(const std::map<std::string, bool>& changes, bool dry_run) const;
  std::map<std::string, bool> changes_to(const std::set<LabelledPort>& wanted) const;

  std::string path_;
  std::map<LabelledPort, Watched> watched_;
  std::optional<std::set<std::string>> ours_;  // labels that the node has; unset: not asked
  std::set<std::string> foreign_;              // with our prefix, and not as we write them
  std::map<std::string, bool> sending_;        // true: to be added
  bool publishable_{};                         // the last report was
  SteadyTime seen_at_;
  std::optional<SteadyTime> read_at_;  // what the node has, and nothing was written since
  TokenBucket changes_{5, std::chrono::seconds(60)};
};

}  // namespace hostnet
