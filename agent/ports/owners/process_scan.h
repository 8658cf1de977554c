#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "netlink/node/files.h"
#include "netlink/process_sockets/process_sockets.h"

namespace hostnet {

// A descriptor through which a process has a socket open.
struct SocketUse {
  int pid{};
  int fd{};
  auto operator<=>(const SocketUse&) const = default;
};

// Finds the processes that have certain sockets open by reading /proc/<pid>/fd. Each process is
// read at most once per scan. Not thread safe; inspect(many) uses a second thread internally.
class ProcessScan {
 public:
  ProcessScan(const Files& files, std::vector<std::uint64_t> inodes);

  void inspect(int pid) { inspect(std::span(&pid, 1)); }
  void inspect(std::span<const int> pids);
  // All processes at once; false on failure: then each must still be inspected.
  bool inspect_all(ProcessSockets& sockets);

  bool has_inspected(int pid) const { return has_all_ || seen_.contains(pid); }
  // The inspected processes that have it open: by ascending pid, one descriptor (the lowest) of
  // each process.
  std::span<const SocketUse> uses_of(std::uint64_t inode) const;

  // Whether some process could not be read although it still exists. A process that is gone holds
  // nothing.
  bool denied() const { return !refused_.empty(); }
  // The system's error for one of them: "reading proc/812/fd: Permission denied".
  const std::string& refused() const { return refused_; }
  std::size_t directories_read() const { return directories_read_; }

 private:
  struct Found {
    std::size_t target;
    SocketUse use;
  };
  struct Worker {
    std::vector<SocketDescriptor> descriptors;
    std::vector<Found> found;
    std::string refused;  // the first error
  };
  void note(std::uint64_t inode, SocketUse use, Worker& worker) const;
  void read_process(int pid, Worker& worker) const;
  void take(Worker& worker);

  const Files& files_;
  std::vector<std::uint64_t> inodes_;         // sorted, unique
  std::vector<std::vector<SocketUse>> uses_;  // of inodes_[i]
  std::unordered_set<int> seen_;
  bool has_all_{};
  std::size_t directories_read_{};
  std::string refused_;
};

}  // namespace hostnet
