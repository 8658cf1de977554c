#pragma once

#include <functional>
#include <string>

#include "agent/serve/daemon_state.h"
#include "agent/serve/process/signals.h"
#include "agent/watch/watch.h"

namespace hostnet {

// Returns on SIGTERM or SIGINT. Loads `config_file` ("" is none) on SIGHUP and when it changes,
// and calls `housekeeping` at least every 10 seconds. On the main thread.
void run_main_loop(const Signals& signals, DaemonState& state, const std::string& config_file,
                   const Watch& watch, const std::function<void()>& housekeeping);

}  // namespace hostnet
