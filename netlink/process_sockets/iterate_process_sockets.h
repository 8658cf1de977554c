#pragma once

#include <memory>
#include <string>

#include "netlink/process_sockets/process_sockets.h"

namespace hostnet {

// The number of processes above which the iterator saves more than loading the program costs.
constexpr unsigned long kManyProcesses = 512;

// Whether `procfs` shows at least kManyProcesses.
bool has_many_processes(const std::string& procfs);

// Uses a BPF iterator (Linux 5.11), created at once with CAP_BPF and CAP_PERFMON; the later read
// needs neither. Reason::unsupported where `procfs` shows a PID namespace other than this
// process's.
Result<std::shared_ptr<ProcessSockets>> iterate_process_sockets(const std::string& procfs);

}  // namespace hostnet
