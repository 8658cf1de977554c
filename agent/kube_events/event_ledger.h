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

// Which Events a node's findings need. One Event per finding, whose name has the
// finding's id: who starts anew finds the one that is there. It is written when
// the finding opens, opens again or changes its severity, and while the finding
// lasts before the API server forgets it. What is wanted is read off the newest
// report: nothing is lost while the server is away, nothing queues up.
// Pure: no clock, no connection. For one thread.
class EventLedger {
 public:
  explicit EventLedger(std::string node_name) : node_name_(std::move(node_name)) {}

  // What holds now. A report that is not publishable (words.h) leaves all as it is.
  void see(const Report& report, SteadyTime now);

  struct Write {
    std::string finding;  // its id
    KubeRequest request;
  };
  // The most severe, oldest finding that is to be written now; takes a token.
  // Unset: nothing now.
  std::optional<Write> next(SteadyTime now);
  // What came of next(). False: it failed, and the next one had better wait.
  bool answered(const std::string& finding, const KubeAnswer& answer, SteadyTime now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    // The Event.
    std::string namespace_, name, field_path, pod, pod_uid, reason, message;
    WallTime first, last;
    // The finding when it was seen last.
    std::optional<WallTime> since;
    Severity severity{};
    bool open{};
    SteadyTime seen_at;
    // What the server has.
    bool exists{};
    std::optional<int> count;  // unset: not known
    int unwritten{};           // times it opened or changed since the last write
    int sending{};             // of these, how many the request at hand tells
    SteadyTime written_at, retry_at;
  };

  void see(const Finding& finding, const Report& report, SteadyTime now);
  void forget(SteadyTime now);
  TokenBucket& tokens_of(const std::string& pod_uid);
  KubeRequest request_for(Entry& entry) const;

  std::string node_name_;
  std::map<std::string, Entry> entries_;       // by finding
  std::map<std::string, TokenBucket> tokens_;  // by pod
  // As many as a kubelet may write by default.
  TokenBucket all_{10, std::chrono::milliseconds(200)};
};

}  // namespace hostnet
