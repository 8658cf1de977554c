#pragma once

// Tables with a column for each CPU: /proc/interrupts, /proc/softirqs.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/widen.h"
#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// The kernel keeps these counts in 32 bits; a collector's closure holds what
// they have come to, by row and CPU.
using CpuCounters = std::map<std::string, std::map<unsigned, WidenedCounter>, std::less<>>;

struct CpuTable {
  struct Row {
    std::string name;                    // before the colon
    std::vector<std::uint64_t> values;   // one for each of `cpus`, widened
    std::vector<std::string_view> rest;  // the fields after them; views into `text`
  };
  // As the heading numbers them: after a CPU went offline that is not 0, 1, 2...
  std::vector<std::string> cpus;
  std::vector<Row> rows;
};

// Of the file at `path`, which is read into `text`.
// Rows with a single number beside several CPUs ("ERR: 0") are of the whole
// machine and left out. Reason::malformed names file and line.
Result<CpuTable> read_cpu_table(const Files& files, std::string_view path, std::string& text,
                                CpuCounters& counters);

}  // namespace hostnet
