#pragma once

#include <atomic>
#include <vector>

#include "collectors/framework/collector.h"
#include "netlink/node/files.h"

namespace hostnet {

// process_*: what the agent itself takes, as Prometheus' client libraries name
// it, from proc/self (proc_pid_stat(5), proc_pid_limits(5)). What cannot be read
// is left out. `boot` keeps when the machine was started, 0 before the first
// call: the kernel adds up every interrupt of every processor to tell.
std::vector<MetricSource> process_metrics(const Files& files, std::uint64_t page_size,
                                          std::atomic<double>& boot);

}  // namespace hostnet
