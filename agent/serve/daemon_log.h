#pragma once

#include <chrono>
#include <string>

#include "agent/findings/lifecycle.h"
#include "agent/findings/report.h"
#include "agent/pods/pod.h"

namespace hostnet {

// The daemon's log lines about what it found, each logged once.

void log_event(const FindingEvent& event);

// Logs each problem once, when it appears. Pods that are not there yet are not logged:
// PodNews says when they are, and a source that fails logs that itself.
void log_new_problems(const Report* before, const Report& now);

// Logs when the pods are there, and when they come from another source than before.
// Used by the feed's thread only.
class PodNews {
 public:
  void see(const PodSnapshot& pods);

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string source_;
};

}  // namespace hostnet
