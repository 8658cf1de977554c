#pragma once

#include <chrono>
#include <string>

#include "agent/findings/lifecycle.h"
#include "agent/findings/report.h"
#include "agent/pods/pod.h"

namespace hostnet {

// The daemon's log lines about what it found, so that each thing is said once.

void log_event(const FindingEvent& event);

// Each problem once, when it appears. That the pods are not there yet is none at the
// start: PodNews says when they are, and a source that fails says so itself.
void log_new_problems(const Report* before, const Report& now);

// Says when the pods are there, and when they come from another source than before.
// Used by the feed's thread alone.
class PodNews {
 public:
  void see(const PodSnapshot& pods);

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string source_;
};

}  // namespace hostnet
