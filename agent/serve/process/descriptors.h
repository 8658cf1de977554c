#pragma once

#include "netlink/base/error.h"

namespace hostnet {

// Raises the limit of open files as far as it is allowed and useful. Reason::exhausted where
// that is too few to serve at all: without descriptors the agent would run and answer nobody.
Result<> ensure_descriptors();

}  // namespace hostnet
