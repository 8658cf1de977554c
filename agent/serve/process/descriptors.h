#pragma once

#include "netlink/base/error.h"

namespace hostnet {

// Raises the limit of open files as far as allowed and useful. Reason::exhausted if that is too
// low to serve at all: without descriptors the agent would run but answer nobody.
Result<> ensure_descriptors();

// A standard stream that was closed reads as empty and refuses writes (EBADF), as before: else the
// next file or socket gets its number, and what is meant for it.
void occupy_standard_streams();

}  // namespace hostnet
