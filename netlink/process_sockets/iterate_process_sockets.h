#pragma once

#include <memory>
#include <string>

#include "netlink/process_sockets/process_sockets.h"

namespace hostnet {

// How many processes a machine must have before loading the program costs less than it saves.
constexpr unsigned long kManyProcesses = 512;

// Whether `procfs` shows so many.
bool has_many_processes(const std::string& procfs);

// By a BPF iterator (Linux 5.11): made at once, with the capabilities BPF and PERFMON; the read
// that comes later needs none. Reason::unsupported where `procfs` shows another PID namespace
// than this process is in.
Result<std::shared_ptr<ProcessSockets>> iterate_process_sockets(const std::string& procfs);

}  // namespace hostnet
