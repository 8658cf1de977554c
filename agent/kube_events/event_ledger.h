#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "agent/findings/context/finding.h"
#include "agent/findings/report.h"
#include "agent/kube/kube_request.h"
#include "netlink/base/clock.h"
#include "netlink/base/token_bucket.h"

namespace hostnet {

// Decides which Events a node's findings need. One Event per finding, named with the finding's id,
// so that a restarted agent finds the existing one. It is written when the finding opens, reopens
// or changes its severity, and again before the API server deletes it while the finding lasts. The
// newest report says what is wanted: nothing is lost while the server is away, nothing queues up.
// Pure: no clock, no connection. For one thread.
class EventLedger {
 public:
  explicit EventLedger(std::string node_name) : node_name_(std::move(node_name)) {}

  // Takes the current findings. A report that is not publishable (words.h) changes nothing.
  void see(const Report& report, SteadyTime now);

  struct Write {
    std::string finding;  // its id
    KubeRequest request;
  };
  // The most severe, oldest finding that is due to be written; takes a token. Unset: none is due.
  std::optional<Write> next(SteadyTime now);
  // Takes the answer to next(). False: it failed, and the next one should be delayed.
  bool answered(const std::string& finding, const KubeAnswer& answer, SteadyTime now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    // The Event.
    std::string namespace_, name, field_path, pod, pod_uid, reason, message;
    WallTime first, last;
    // The finding's state when it was last seen.
    std::optional<WallTime> since;
    Severity severity{};
    bool open{};
    SteadyTime seen_at;
    // The state on the server.
    bool exists{};
    std::optional<int> count;  // unset: not known
    int unwritten{};           // times it opened or changed since the last write
    int sending{};             // of these, included in the current request
    SteadyTime written_at, retry_at;
  };

  void see(const Finding& finding, const Report& report, SteadyTime now);
  void forget(SteadyTime now);
  TokenBucket& tokens_of(const std::string& pod_uid);
  KubeRequest request_for(Entry& entry) const;

  std::string node_name_;
  std::map<std::string, Entry> entries_;       // by finding
  std::map<std::string, TokenBucket> tokens_;  // by pod
  // The default limit of a kubelet.
  TokenBucket all_{10, std::chrono::milliseconds(200)};
};

}  // namespace hostnet
