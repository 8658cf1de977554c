#pragma once

#include <string>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// Pods as a Kubernetes PodList (v1) with only the fields that a Pod here keeps: no environment,
// commands, images, volumes or secrets. Written by `record`. read_manifests() reads equal pods from
// it, except for `source` and `origin`, which the reader sets; the owner of a pod is its workload.
std::string redacted_pods_json(const std::vector<Pod>& pods);

}  // namespace hostnet
