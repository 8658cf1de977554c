#pragma once

#include <string>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// Pods as a Kubernetes PodList (v1) with nothing in it but what a Pod here
// keeps: no environment, commands, images, volumes or secrets. What `record`
// writes. read_manifests() reads it back to equal pods, but for `source` and
// `origin`, which are the reader's; and the owner of a pod is its workload.
std::string redacted_pods_json(const std::vector<Pod>& pods);

}  // namespace hostnet
