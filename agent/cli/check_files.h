#pragma once

#include "agent/cli/commands.h"

namespace hostnet {

// `check -f FILE…`: lints manifests and, without --offline, asks this node
// whether the host ports that they declare could be bound. The exit code: 2 when
// something is missing or broken, else 1 when something is a warning or worse, else 2
// when something could not be known, else 0.
int check_files(const CommandOptions& options);

}  // namespace hostnet
