#pragma once

#include <cstdint>
#include <functional>

#include "netlink/base/error.h"

namespace hostnet {

// A socket that a process has open.
struct ProcessSocket {
  int pid{}, fd{};
  std::uint64_t inode{};
  bool operator==(const ProcessSocket&) const = default;
};

// All sockets of all processes at once: the contents of every proc/<pid>/fd, by rising pid and fd.
class ProcessSockets {
 public:
  virtual ~ProcessSockets() = default;

  // Once; later Reason::unsupported. On failure `take` has already received some. Any thread.
  virtual Result<> read(const std::function<void(const ProcessSocket&)>& take) = 0;
};

}  // namespace hostnet
