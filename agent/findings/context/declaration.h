#pragma once

// The declared ports that count, and how their pods are.

#include <chrono>
#include <string>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// A declared port and the pod it is of.
struct Declaration {
  DeclaredPort port;
  const Pod* pod{};
  bool rejected{};  // kubelet refused the pod (NodePorts): only evidence for duplicates
};

// The declared ports of every pod that counts, in a stable order, each once:
// * a template (no UID) whose workload has a live pod here is left to that pod;
// * pods refused by kubelet in the last 10 minutes are there as `rejected`, of
//   each workload only the last one (a controller makes them by the hundred).
std::vector<Declaration> collect_declarations(const PodSnapshot& pods, WallTime now);

// The pod's UID, its namespace and name where it has none.
std::string identity_of(const DeclaredPort& port);

// Ready, without a restart, for at least `duration`.
bool ready_for(const DeclaredPort& port, WallTime now, std::chrono::seconds duration);
// Still inside its grace period. deletionTimestamp already contains the grace;
// kubelet's own clean-up is allowed as much again, at most 30 s.
bool terminating_in_grace(const Pod& pod, WallTime now);

}  // namespace hostnet
