#pragma once

#include "netlink/node/files.h"
#include "netlink/node/identity.h"

namespace hostnet {

// Queries the system about this process; `files` describes pid 1 of its proc/, which
// may belong to another PID namespace than ours (--path.procfs). Unreadable values stay
// unset or zero.
Identity read_identity(const Files& files);

}  // namespace hostnet
