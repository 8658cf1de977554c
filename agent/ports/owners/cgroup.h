#pragma once

// What the path of a control group says about who runs in it. Pure: text in, facts out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

struct CgroupFacts {
  bool in_kubepods{};             // below the kubelet's "kubepods", or made by the CRI: also with
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

// `path` is a path below the root of a cgroup hierarchy, with or without
// leading "/.." (what /proc/<pid>/cgroup shows from another cgroup namespace).
// The outermost decides: what is inside a container (a nested kubelet, a systemd, a docker) is that
// container, and so is what is below a pod. What a user's manager starts is that user's: no pod,
// and no unit of the system. Unknown layouts yield no facts; no input is an error.
CgroupFacts parse_cgroup(std::string_view path);

// The part of pid 1's path that leads into a container: where the node itself is a container (kind
// on cgroup v1, LXC), its own container is not an unmanaged one and has to be taken off every path.
// "" otherwise.
std::string_view container_of_node(std::string_view path_of_init);

}  // namespace hostnet
