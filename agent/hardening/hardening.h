#pragma once

// Drops the rights that the running agent does not need, so that an attacker in it gets little.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

// --security.*; each can be switched off.
struct HardeningOptions {
  bool no_new_privileges{true};
  bool drop_capabilities{true};
  bool no_memory_dumps{true};
  bool filter_syscalls{true};
  bool confine_threads{true};  // needs no_new_privileges
};

// One measure and its result.
struct HardeningStep {
  std::string name;          // "no_new_privs"
  Result<std::string> held;  // "on", or why it is not
};

// no_new_privs; no capabilities except those that scans need and `keep` (a mask of CAP_* bits); no
// core dumps, and memory that others of the same user may not read. For this thread and those that
// it starts: call it before there are other threads.
std::vector<HardeningStep> harden_process(const HardeningOptions& options, std::uint64_t keep);

// The seccomp filter: the agent's list of system calls and `more`, for all current and future
// threads. Call it when everything is started.
HardeningStep filter_syscalls(std::span<const int> more = {});

// Landlock for the calling thread, permanently: it cannot open files for writing, create files, run
// programs or inspect other processes. Only for threads that never read /proc/<pid>: a scanning
// thread could no longer name owners.
HardeningStep confine_thread();

// System calls that the filter has refused: how many, and the number of the last; 0: none.
struct RefusedSyscalls {
  std::uint64_t count{};
  int last{};
};
RefusedSyscalls refused_syscalls();

}  // namespace hostnet
