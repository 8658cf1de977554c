#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/base/error.h"

namespace hostnet {

// The agent's own identity and its host's: read once at start.
struct Identity {
  std::string sysname, nodename, release, version, machine, domainname;  // uname(2)
  std::uint64_t effective_capabilities{};  // of the agent itself, bit = CAP_*
  std::uint64_t page_size{};
  int pid{};  // the agent's own, in its PID namespace
  // Inode numbers of namespace links; unset where they cannot be read.
  std::optional<std::uint64_t> own_net_namespace, init_net_namespace;  // of pid 1 of proc/
  std::optional<std::uint64_t> own_pid_namespace, init_pid_namespace;
  // Whether the kernel reports TCP sockets that are bound and do not listen: tested at
  // start. Unset if the test could not be done.
  std::optional<bool> shows_bound_inactive;
  bool operator==(const Identity&) const = default;

  bool has_capability(unsigned capability) const {
    return (effective_capabilities >> capability & 1U) != 0;
  }
  // The numbers in linux/capability.h of the three capabilities that the agent uses.
  static constexpr unsigned kDacReadSearch = 2, kNetAdmin = 12, kSysPtrace = 19;
};

}  // namespace hostnet
