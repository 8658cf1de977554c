#pragma once

// The wording of findings in Events and in the node condition.

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/findings/context/finding.h"
#include "agent/findings/report.h"

namespace hostnet {

// The limit of a message: that of an Event's note (events.k8s.io/v1).
inline constexpr std::size_t kLongestKubeMessage = 1024;

inline constexpr std::string_view kReporter = "hostnet-agent";

// Whether a report may be written to the cluster: its pods are synced and not stale, and it is from
// the host's network namespace. Otherwise nothing new is written.
bool is_publishable(const Report& report);

// At most `limit` bytes of UTF-8, on one line, "..." if something is cut off.
std::string kube_message(std::string_view text, std::size_t limit = kLongestKubeMessage);

// "2026-11-24T20:00:00Z" (metav1.Time).
std::string kube_time(WallTime time);

}  // namespace hostnet
