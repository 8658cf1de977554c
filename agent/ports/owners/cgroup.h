#pragma once

// Facts about a process from the path of its control group. Pure: text in, facts out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

struct CgroupFacts {
  bool in_kubepods{};             // below kubelet's "kubepods", or made by the CRI: also with
                                  // an unknown pod
  std::string pod_uid;            // '-' separated (a static pod's: 32 hex digits); "" unknown
  std::string container_id;       // 64 hex digits, or the name where a runtime names its own
  std::string container_runtime;  // only outside kubepods: docker, podman, lxc… (cgroup_shapes.h);
                                  // "container" when only its id is seen
  std::string unit;               // outside kubepods the systemd unit: the service or scope below
                                  // the slices, else the innermost slice
  std::optional<std::uint32_t> user;  // `unit` and the container are of this user's manager
  bool of_node{};                     // a service of a node that has no systemd (Talos)
  bool operator==(const CgroupFacts&) const = default;
};

// `path` is a path below the root of a cgroup hierarchy, with or without leading "/.." (as
// /proc/<pid>/cgroup shows it from another cgroup namespace). The outermost match decides: anything
// inside a container (a nested kubelet, a systemd, a docker) belongs to that container, and
// likewise below a pod. What a user's manager starts belongs to that user: no pod and no system
// unit. Unknown layouts yield no facts; no input is an error.
CgroupFacts parse_cgroup(std::string_view path);

// The part of pid 1's path that leads into a container: if the node itself is a container (kind on
// cgroup v1, LXC), its own container is not an unmanaged one and must be removed from every path.
// "" otherwise.
std::string_view container_of_node(std::string_view path_of_init);

}  // namespace hostnet
