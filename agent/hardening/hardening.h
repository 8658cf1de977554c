#pragma once

// Giving away what the running agent does not need, so that whoever takes it over gets little.

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

// One measure and what came of it.
struct HardeningStep {
  std::string name;          // "no_new_privs"
  Result<std::string> held;  // "on", or why it is not
};

// no_new_privs; no capability but those that scans need and `keep` (a mask of CAP_* bits); no
// core dumps, and memory that others of the same user may not read. Of this thread and those
// that it starts: call before any other thread is there.
std::vector<HardeningStep> harden_process(const HardeningOptions& options, std::uint64_t keep);

// The seccomp filter of filter_syscalls(): the agent's list and `more`, for all threads and all
// that come. Call when everything is started.
HardeningStep filter_syscalls(std::span<const int> more = {});

// Landlock for the calling thread, for good: it opens no file for writing and makes none, runs
// no program, and inspects no other process. For threads that never read /proc/<pid>: a
// scanning one could name no owner any more.
HardeningStep confine_thread();

// What the filter refused so far: how often, and the number of the last; 0: nothing.
struct RefusedSyscalls {
  std::uint64_t count{};
  int last{};
};
RefusedSyscalls refused_syscalls();

}  // namespace hostnet
