#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// The options set by setsockopt(2) on a socket that decide who else may bind its port
// (socket(7), ipv6(7)). inet_diag reports none of them, except v6only for servers.
struct BindOptions {
  bool reuse_address{};        // SO_REUSEADDR
  bool reuse_port{};           // SO_REUSEPORT
  std::optional<bool> v6only;  // IPV6_V6ONLY; only IPv6 sockets have it
  std::string device;          // SO_BINDTODEVICE, "" for every device
  bool operator==(const BindOptions&) const = default;
};

// The seam to the options of other processes' sockets. Thread safe.
class SocketOptions {
 public:
  virtual ~SocketOptions() = default;
  // The options of socket `inode`, which process `pid` has open as `fd`.
  // Reason::vanished: the process or the descriptor is gone, or is not that
  // socket (any more). Reason::denied: by a missing SYS_PTRACE, by Yama, by
  // seccomp or another security module; the message says which. Reason::
  // unsupported: the kernel has no pidfd_getfd (before Linux 5.6).
  virtual Result<BindOptions> read(int pid, int fd, std::uint64_t inode) const = 0;
};

// Takes a copy of the descriptor (pidfd_open(2), pidfd_getfd(2)), queries it and
// closes it: 3 µs. `files` shows what Yama forbids, `may_trace` is whether we have
// CAP_SYS_PTRACE: both only affect the text of an error.
std::shared_ptr<SocketOptions> live_socket_options(std::shared_ptr<Files> files, bool may_trace);

}  // namespace hostnet
