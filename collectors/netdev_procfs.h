#pragma once

#include <vector>

#include "netlink/facts.h"
#include "netlink/node/files.h"

namespace hostnet {

// /proc/net/dev (net/core/net-procfs.c) as links with names and statistics
// only, in name order. It has sums where netlink has single counters
// ("drop", "frame", "carrier"); each is in the first of them here.
Result<std::vector<Link>> read_proc_net_dev(const Files& files);

}  // namespace hostnet
