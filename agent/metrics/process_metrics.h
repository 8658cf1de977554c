#pragma once

#include <atomic>
#include <vector>

#include "collectors/framework/collector.h"
#include "netlink/node/files.h"

namespace hostnet {

// process_*: the agent's own resource use, named as in Prometheus' client
// libraries, from proc/self (proc_pid_stat(5), proc_pid_limits(5)). What cannot be
// read is left out. `boot` caches the boot time, 0 before the first call: to
// report it the kernel sums up all interrupts of all processors.
std::vector<MetricSource> process_metrics(const Files& files, std::uint64_t page_size,
                                          std::atomic<double>& boot);

}  // namespace hostnet
