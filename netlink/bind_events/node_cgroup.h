#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// The cgroup v2 that contains every process of the node, below `sysfs`: the root or, where the node
// is itself a container (kind), the mounted part of the tree, if process 1 of `procfs` is in it.
// The error says what was found instead.
Result<UniqueFd> open_node_cgroup(const std::string& procfs, const std::string& sysfs);

// Whether the cgroup is `root` or below it; both as seen from the same cgroup namespace, where a
// path outside starts with "/..". Pure.
bool is_in_cgroup(std::string_view cgroup, std::string_view root);

}  // namespace hostnet
