#pragma once

#include <memory>
#include <string>

#include "agent/serve/daemon_state.h"
#include "agent/serve/routes.h"

namespace hostnet {

// The data for the daemon's pages: the last report, and fresh scans for what is asked.
// From any thread.
Answers daemon_answers(const std::shared_ptr<DaemonState>& state,
                       const std::string& telemetry_path);

}  // namespace hostnet
