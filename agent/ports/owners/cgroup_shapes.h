#pragma once

// The table of what directories in the cgroup tree are made by whom. A new runtime is a row here
// and a row in tests/ports/cgroup_test.cpp.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hostnet {

enum class CgroupKind {
  container,     // of a runtime outside Kubernetes; its monitor too
  pod,           // a container that the CRI made, where no directory tells its pod
  node_service,  // of a node without systemd, unless a pod or a container stands below
  parent,        // what stands below decides
  host,          // whoever is in it is the host's, whatever stands below
};

struct CgroupMatch {
  CgroupKind kind{};
  std::string_view runtime;  // of a container: "docker", "lxc"…
  std::string name;          // of a container or pod: its id or its name; "" not told
};

// What the last of `parts` (directory names from the root) is. Nothing: no row tells.
std::optional<CgroupMatch> match_cgroup_shape(std::span<const std::string_view> parts);

}  // namespace hostnet
