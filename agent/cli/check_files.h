#pragma once

#include "agent/cli/commands.h"

namespace hostnet {

// `check -f FILE…`: lints manifests and, without --offline, checks on this node whether the host
// ports that they declare could be bound. The exit code: 2 if something is missing or broken, else
// 1 for any warning or worse, else 2 if something could not be determined, else 0.
int check_files(const CommandOptions& options);

}  // namespace hostnet
