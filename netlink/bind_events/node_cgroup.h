#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// The cgroup of version 2 that holds every process of the node, below `sysfs`: the root, or, where
// the node is a container itself (kind), the part of the tree that is mounted there, when process 1
// of `procfs` is in it. The error says what is there instead.
Result<UniqueFd> open_node_cgroup(const std::string& procfs, const std::string& sysfs);

// Whether the cgroup is `root` or below it; both as the same cgroup namespace shows them, with
// "/.." in front for what is outside of it. Pure.
bool is_in_cgroup(std::string_view cgroup, std::string_view root);

}  // namespace hostnet
