#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hostnet {

struct PodPlace {
  std::string uid;           // '-' separated (a static pod's: 32 hex digits); "" unknown
  std::string container_id;  // "" unknown: above the containers, or a monitor
};

// Whether a directory's name is one of kubelet's "kubepods": with either cgroup driver, below a
// --cgroup-root, or (drivers that do not match) with slice and id in one name.
bool is_kubepods(std::string_view name);

// Which pod and container a path below the host's kubepods is, `parts` from it on. What a nested
// kubelet makes below a container is that container.
PodPlace read_kubepods(std::span<const std::string_view> parts);

// "burstable/pod<uid>/<container>": what a path is from a pod whose kubepods is above the root of
// its cgroup namespace. Only UIDs that Kubernetes generates are believed here. uid "": no pod.
PodPlace read_relative_pod(std::span<const std::string_view> parts);

}  // namespace hostnet
