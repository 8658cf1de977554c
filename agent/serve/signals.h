#pragma once

#include "netlink/base/unique_fd.h"

namespace hostnet {

// SIGTERM, SIGINT and SIGHUP as something to poll; SIGPIPE is ignored.
class Signals {
 public:
  // Blocks them for this thread and those it starts: call before any other.
  Signals();
  int descriptor() const { return descriptor_.get(); }
  // The next one that came; 0 when none did.
  int next() const;

 private:
  UniqueFd descriptor_;
};

}  // namespace hostnet
