#pragma once

// What the path of a control group says about who runs in it. Pure: text in,
// facts out. The layouts are those of kubelet (pkg/kubelet/cm/
// pod_container_manager_linux.go, cgroup_manager_linux.go), containerd
// (internal/cri/server/helpers.go), CRI-O (internal/config/cgmgr), docker,
// podman, LXC and systemd.

#include <string>
#include <string_view>

namespace hostnet {

struct CgroupFacts {
  bool in_kubepods{};             // below a kubelet's "kubepods", also with an unknown pod
  std::string pod_uid;            // '-' separated (a static pod's: 32 hex digits); "" unknown
  std::string container_id;       // 64 hex digits; LXC and nspawn: the container's name
  std::string container_runtime;  // only outside kubepods: docker, podman, cri-o, containerd,
                                  // lxc, systemd-nspawn; "container" when only its id is seen
  std::string unit;               // the host's systemd unit, outside kubepods: the service or
                                  // scope below the slices, else the innermost slice
  bool operator==(const CgroupFacts&) const = default;
};

// `path` is a path below the root of a cgroup hierarchy, with or without
// leading "/.." (what /proc/<pid>/cgroup shows from another cgroup namespace).
// What is inside a container says nothing about the host: a nested kubelet, a
// systemd or a docker in a container are that container, and the outermost
// kubepods is the host's. A user's own services are their user@<uid>.service,
// because a name that any user can choose must not pass for a unit of the host.
// Unknown layouts yield no facts; no input is an error.
CgroupFacts parse_cgroup(std::string_view path);

// The path that tells most in the text of /proc/<pid>/cgroup (cgroup v1, hybrid
// or v2; lines "id:controllers:path"): one inside kubepods, else one inside a
// container, else that of name=systemd, of cgroup v2, of any controller; "/" for
// a process at the root everywhere, "" when no line parses. A view into `text`.
std::string_view telling_cgroup(std::string_view text);

// A path with leading "/.." (as seen from a cgroup namespace whose root is
// `root`, an absolute path) made absolute; other paths are returned as they are.
std::string absolute_cgroup(std::string_view path, std::string_view root);

// The part of pid 1's path that ends with a container outside kubepods: where
// the node itself is a container (kind on cgroup v1, LXC), its own container is
// not an unmanaged one and has to be taken off every path. "" otherwise.
std::string_view container_of_node(std::string_view path_of_init);

}  // namespace hostnet
