#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "agent/serve/agent_socket.h"
#include "netlink/base/error.h"

namespace hostnet {

struct AgentReply {
  int status{};
  std::string body;
  std::optional<int> exit_code;  // kExitCodeHeader
  pid_t pid{};                   // of the agent; 0: in a PID namespace not visible from here
};

// GET `target` ("/conflicts?format=json") from the agent that listens at `socket`, if it runs as
// root, as this user or in the system's service: no other listener is trusted. Reason::vanished: no
// agent listens. Reason::denied without a system error: another program does. Reason::unreachable:
// one in another network namespace.
Result<AgentReply> ask_agent(const std::string& target,
                             const std::string& socket = std::string(kAgentSocket));

}  // namespace hostnet
