#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

// A process's descriptor of a socket.
struct SocketDescriptor {
  int fd{};
  std::uint64_t inode{};
  auto operator<=>(const SocketDescriptor&) const = default;
};

// The owner of a file, and who else may write it.
struct FileOwner {
  std::uint32_t uid{}, gid{};
  std::uint32_t mode{};  // st_mode, the type of the file too
  bool operator==(const FileOwner&) const = default;

  // Whether only root may change it.
  bool is_only_roots() const {
    constexpr std::uint32_t kGroupWrites = 020;
    constexpr std::uint32_t kOthersWrite = 002;
    return uid == 0 && (mode & kOthersWrite) == 0 && (gid == 0 || (mode & kGroupWrites) == 0);
  }
};

// The seam to /proc and /sys. Paths begin with "proc/" or "sys/" and are
// relative to --path.procfs and --path.sysfs ("proc/1/net/snmp"); they never
// contain ".." (Reason::malformed). Thread safe. read() and list() follow links
// only inside their root; only regular files are read; nothing reads command
// lines or environments.
class Files {
 public:
  virtual ~Files() = default;

  // Reads the whole file into `out` (cleared first, its capacity kept for reuse).
  // Files longer than 64 MiB are Reason::exhausted.
  virtual Result<> read(std::string_view path, std::string& out) const = 0;
  // Names in a directory, sorted bytewise, without "." and "..".
  virtual Result<std::vector<std::string>> list(std::string_view path) const = 0;
  // The target of a symbolic link, as written in it.
  virtual Result<std::string> link(std::string_view path) const = 0;
  // stat(2)'s st_ino, links followed: namespace links, cgroup directories. For a
  // dangling link "net:[4026531840]", as in a fixture, it is that number.
  virtual Result<std::uint64_t> inode(std::string_view path) const = 0;
  // stat(2)'s owner and mode, links followed: "proc/812/exe" is the program,
  // "proc/812/root/usr/bin" a folder as that process sees it. Reason::unsupported in recordings of
  // version 1.
  virtual Result<FileOwner> owner(std::string_view path) const = 0;
  // Whether `path` exists, links followed.
  virtual bool exists(std::string_view path) const = 0;

  // The path of a cgroup-v2 directory below the cgroup2 mount under sys/
  // ("/kubepods.slice/…"; "/" is the root), from the id in INET_DIAG_CGROUP_ID.
  // Reason::vanished when it is gone, Reason::unsupported without a cgroup2 mount or
  // outside of it, Reason::timeout when the last walk of the tree was too recent to
  // repeat it (without DAC_READ_SEARCH).
  virtual Result<std::string> cgroup_path(std::uint64_t id) const = 0;

  // Every socket of a process, from proc/<pid>/fd, into `out` (cleared first),
  // by rising fd. Descriptors closed in the meantime are left out. Reason::vanished
  // when the process is gone, Reason::denied without SYS_PTRACE and
  // DAC_READ_SEARCH.
  virtual Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const = 0;
  // The socket inode behind one descriptor; 0 when it is not a socket.
  // Reason::vanished when the process or the descriptor is gone.
  virtual Result<std::uint64_t> socket_inode(int pid, int fd) const = 0;

  // read() into a new string.
  Result<std::string> read(std::string_view path) const {
    std::string out;
    if (auto done = read(path, out); !done) return std::unexpected(std::move(done).error());
    return out;
  }
};

}  // namespace hostnet
