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

// Every socket of every process at once: what all proc/<pid>/fd say, by rising pid and descriptor.
class ProcessSockets {
 public:
  virtual ~ProcessSockets() = default;

  // Once; later Reason::unsupported. `take` has had some of them when it fails. Any thread.
  virtual Result<> read(const std::function<void(const ProcessSocket&)>& take) = 0;
};

}  // namespace hostnet
