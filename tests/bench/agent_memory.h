#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hostnet {

struct AgentMemory {
  double resident{};   // VmRSS, MiB
  double anonymous{};  // RssAnon, MiB
  double cpu{};        // of one core, 0 to 1, in the quiet time
};

// Runs the program itself in the calling thread's network namespace, scrapes
// its /metrics and asks its /conflicts for five seconds, lets it be for the
// quiet time, and reads what it has in memory then. No value: it did not come up (said on stderr).
std::optional<AgentMemory> memory_of_running_agent(
    const std::vector<std::string>& flags = {"--pods.source=none"}, int quiet_seconds = 0);

}  // namespace hostnet
