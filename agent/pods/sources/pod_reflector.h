#pragma once

// The known state of a node's pods while it is listed and watched, and the next request to the API
// server. Nothing here does I/O or reads the clock.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/backoff.h"
#include "agent/pods/pod.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/sources/freshness.h"
#include "netlink/base/clock.h"

namespace hostnet {

class PodReflector {
 public:
  // `retry`: the pause after the first failure.
  explicit PodReflector(std::string node_name, Backoff::Duration retry = Backoff::kFirst)
      : node_name_(std::move(node_name)), backoff_(retry), after_short_watches_(retry) {}

  // The next request: a LIST, or a WATCH from where the last one ended. `random`, 0 to 1, spreads
  // the timeouts of many agents.
  std::string path(double random) const;
  bool listing() const { return !version_; }

  // The server accepted the WATCH (status 200).
  void accepted(SteadyTime now);
  // One element of the LIST's items; they take effect once the list is complete.
  void listed(std::string_view pod);
  // A pod that is too long or cannot be read.
  void left_out();
  // "metadata" of the LIST; its resourceVersion is the start of the WATCH.
  void list_metadata(std::string_view metadata);
  // The LIST's body is complete. False: it has no resourceVersion and is discarded.
  bool list_done(SteadyTime now);
  // An event of the WATCH: `type` and `object` as received. False: the stream reported ERROR and
  // sends nothing more.
  bool event(std::string_view type, std::string_view object, SteadyTime now);

  // Bytes arrive, but no event or bookmark for as long as a server may be silent: the current WATCH
  // should be given up.
  bool says_nothing(SteadyTime now) const;

  // A request has ended. `status`: HTTP status, 0 if there was none; `why`: what went wrong, ""
  // after a complete LIST or a WATCH that ended normally. Returns how long to wait.
  Backoff::Duration ended(int status, std::optional<std::chrono::seconds> retry_after,
                          const std::string& why, double random, SteadyTime now);

  const std::map<std::string, Pod>& pods() const { return pods_; }
  const Freshness& freshness() const { return freshness_; }
  // Pods that were dropped because there were too many, or they could not be read.
  std::size_t pods_cut() const { return pods_cut_; }
  // Incremented when pods() changes: the same number means no change.
  std::uint64_t changes() const { return changes_; }

 private:
  void watch_error(std::string_view status);
  void update(Pod pod);
  void remove(const Pod& pod);

  std::string node_name_;
  std::map<std::string, Pod> pods_;      // by UID, or namespace and name
  std::map<std::string, Pod> arriving_;  // of the current LIST
  PortBudget ports_, arriving_ports_;
  std::size_t pods_cut_{}, arriving_cut_{};
  std::string arriving_version_;
  std::optional<std::string> version_;  // where to resume the watch; unset: list first
  std::string error_;                   // the message of an ERROR event
  Backoff backoff_;
  Backoff after_short_watches_;
  Freshness freshness_;
  std::optional<SteadyTime> accepted_at_;
  std::uint64_t changes_{};
};

}  // namespace hostnet
