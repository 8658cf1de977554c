#pragma once

#include "netlink/node/files.h"
#include "netlink/node/identity.h"

namespace hostnet {

// Asks the system about this process; `files` tells of pid 1 of its proc/, whose
// namespaces may belong to another PID namespace than ours (--path.procfs).
// What cannot be read stays unset or zero.
Identity read_identity(const Files& files);

}  // namespace hostnet
