#pragma once

#include <string>
#include <vector>

#include "agent/http/listen.h"

namespace hostnet {

// Where a one-shot call finds this node's daemon.
inline constexpr std::string_view kAgentSocket = "/run/hostnet-agent/agent.sock";

// Listens there for calls of this user and root, without TLS or a password.
// Creates the folder if it may. Empty if it cannot listen, which is logged: calls
// then scan on their own.
std::vector<Listener> listen_for_calls(const std::string& path = std::string(kAgentSocket));

}  // namespace hostnet
