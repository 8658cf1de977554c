#pragma once

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// SIGTERM, SIGINT and SIGHUP as something to poll; SIGPIPE is ignored.
class Signals {
 public:
  // Blocks them for this thread and those it starts: call before any other. Where there is
  // no descriptor for them, they are not blocked.
  static Result<Signals> take();
  int descriptor() const { return descriptor_.get(); }
  // The next one that came; 0 when none did.
  int next() const;

 private:
  explicit Signals(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
  UniqueFd descriptor_;
};

}  // namespace hostnet
