#pragma once

// The table of which runtimes create which directories in the cgroup tree. A new runtime is a row
// here and a row in tests/ports/cgroup_test.cpp.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hostnet {

enum class CgroupKind {
  container,     // of a runtime outside Kubernetes, or its monitor
  pod,           // a container made by the CRI whose pod is not in the path
  node_service,  // of a node without systemd, unless a pod or container is below
  parent,        // the directories below decide
  host,          // everything in it belongs to the host, whatever is below
};

struct CgroupMatch {
  CgroupKind kind{};
  std::string_view runtime;  // of a container: "docker", "lxc"…
  std::string name;          // of a container or pod: its id or name; "" unknown
};

// The meaning of the last of `parts` (directory names from the root). Unset: no row matches.
std::optional<CgroupMatch> match_cgroup_shape(std::span<const std::string_view> parts);

}  // namespace hostnet
