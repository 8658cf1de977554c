#pragma once

// Parses tables with a column for each CPU: /proc/interrupts, /proc/softirqs.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/widen.h"
#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// The kernel counts these in 32 bits; a collector's closure keeps the widened counters,
// by row and CPU.
using CpuCounters = std::map<std::string, std::map<unsigned, WidenedCounter>, std::less<>>;

struct CpuTable {
  struct Row {
    std::string name;                    // before the colon
    std::vector<std::uint64_t> values;   // one for each of `cpus`, widened
    std::vector<std::string_view> rest;  // the fields after the values; views into `text`
  };
  // As numbered in the heading: after a CPU went offline that is not 0, 1, 2...
  std::vector<std::string> cpus;
  std::vector<Row> rows;
};

// Parses the file at `path`, which is read into `text`. Rows with a single number on a
// machine with several CPUs ("ERR: 0") concern the whole machine and are left out.
// Reason::malformed names file and line.
Result<CpuTable> read_cpu_table(const Files& files, std::string_view path, std::string& text,
                                CpuCounters& counters);

}  // namespace hostnet
