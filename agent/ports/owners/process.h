#pragma once

// Data of one process from /proc: never its command line or environment.

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
  int session{};  // pid of the session leader
  bool is_kernel_thread{};
  std::uint64_t start_time{};  // clock ticks since boot: detects a reused pid
  bool operator==(const ProcessStat&) const = default;
};

// Differs if it is another process, or the process runs another program, than before.
std::size_t stat_fingerprint(const ProcessStat& stat);

// A comm may hold any byte, ") R 1" included: it ends at the last ')'.
Result<ProcessStat> parse_process_stat(std::string_view text);

// `scratch` is a reusable buffer. Reason::vanished if the process is gone.
Result<ProcessStat> read_process_stat(const Files& files, int pid, std::string& scratch);

// The target of /proc/<pid>/exe, in that process's mount namespace and without the " (deleted)" of
// a replaced program; "" if it cannot be read (a kernel thread, no SYS_PTRACE).
std::string read_executable(const Files& files, int pid);

// The effective user of a process, from /proc/<pid>/status; unset if not available.
std::optional<std::uint32_t> read_effective_uid(const Files& files, int pid, std::string& scratch);

// Whether it runs as root and only root may change or replace its program. True for recordings
// without that information.
bool runs_roots_own_program(const Files& files, int pid, std::string_view exe,
                            std::string& scratch);

// All processes in proc/, by ascending pid.
Result<std::vector<int>> list_processes(const Files& files);

}  // namespace hostnet
