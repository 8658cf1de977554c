#pragma once

// The declared ports that count, and the state of their pods.

#include <chrono>
#include <string>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// A declared port and its pod.
struct Declaration {
  DeclaredPort port;
  const Pod* pod{};
  bool rejected{};  // kubelet refused the pod (NodePorts): only evidence for duplicates
};

// The declared ports of every pod that counts, in a stable order, without repetitions:
// * a template (no UID) is skipped if its workload has a live pod here;
// * pods that kubelet refused in the last 10 minutes are included as `rejected`, of each workload
//   only the latest (a controller creates them by the hundreds).
std::vector<Declaration> collect_declarations(const PodSnapshot& pods, WallTime now);

// The pod's UID, or its namespace and name if it has none.
std::string identity_of(const DeclaredPort& port);

// Whether it has been ready, without a restart, for at least `duration`.
bool ready_for(const DeclaredPort& port, WallTime now, std::chrono::seconds duration);
// Still inside its grace period. deletionTimestamp already includes the grace period; kubelet's
// clean-up is allowed the same time again, at most 30 s.
bool terminating_in_grace(const Pod& pod, WallTime now);

}  // namespace hostnet
