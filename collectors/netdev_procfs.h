#pragma once

#include <vector>

#include "netlink/facts.h"
#include "netlink/node/files.h"

namespace hostnet {

// /proc/net/dev (net/core/net-procfs.c) as links with only names and statistics, in
// name order. It has sums where netlink has single counters ("drop", "frame",
// "carrier"); each sum is stored in the first of them.
Result<std::vector<Link>> read_proc_net_dev(const Files& files);

}  // namespace hostnet
