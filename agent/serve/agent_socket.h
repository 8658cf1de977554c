#pragma once

#include <string>
#include <vector>

#include "agent/http/listen.h"

namespace hostnet {

// Where a one-shot call finds the daemon of this node.
inline constexpr std::string_view kAgentSocket = "/run/hostnet-agent/agent.sock";

// Listens there for calls of this user and root, with neither TLS nor a password.
// Makes the folder where it may. Empty where it cannot, which is logged: then the
// calls scan.
std::vector<Listener> listen_for_calls(const std::string& path = std::string(kAgentSocket));

}  // namespace hostnet
