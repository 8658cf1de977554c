#pragma once

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// SIGTERM, SIGINT and SIGHUP as a pollable descriptor; SIGPIPE is ignored.
class Signals {
 public:
  // Blocks them for this thread and those it starts: call before starting any. If no
  // descriptor can be created for them, they are not blocked.
  static Result<Signals> take();
  int descriptor() const { return descriptor_.get(); }
  // The next one received; 0 if there is none.
  int next() const;

 private:
  explicit Signals(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
  UniqueFd descriptor_;
};

}  // namespace hostnet
