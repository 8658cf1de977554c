#pragma once

// What /proc says about one process: never its command line or environment.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// From /proc/<pid>/stat (proc_pid_stat(5)).
struct ProcessStat {
  std::string comm;
  int parent{};
  int session{};  // pid of the session's leader
  bool is_kernel_thread{};
  std::uint64_t start_time{};  // clock ticks since boot: tells a reused pid
  bool operator==(const ProcessStat&) const = default;
};

// Differs where a process is another, or runs another program, than before.
std::size_t stat_fingerprint(const ProcessStat& stat);

// A comm may hold any byte, ") R 1" included: it ends at the last ')'.
Result<ProcessStat> parse_process_stat(std::string_view text);

// `scratch` is a buffer that is used again. Reason::vanished when it is gone.
Result<ProcessStat> read_process_stat(const Files& files, int pid, std::string& scratch);

// Where /proc/<pid>/exe points, in the mount namespace of that process and
// without the " (deleted)" of a program that was replaced; "" when it cannot
// be read (a kernel thread, no SYS_PTRACE).
std::string read_executable(const Files& files, int pid);

// The effective user of a process, from /proc/<pid>/status; nothing: not to be had.
std::optional<std::uint32_t> read_effective_uid(const Files& files, int pid, std::string& scratch);

// Whether root runs it, and nobody but root may change the program or put another in its place.
// In recordings that know nothing of that: true.
bool runs_roots_own_program(const Files& files, int pid, std::string_view exe,
                            std::string& scratch);

// Every process in proc/, by rising pid.
Result<std::vector<int>> list_processes(const Files& files);

}  // namespace hostnet
