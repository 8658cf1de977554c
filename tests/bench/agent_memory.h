#pragma once

#include <optional>

namespace hostnet {

struct AgentMemory {
  double resident{};   // VmRSS, MiB
  double anonymous{};  // RssAnon, MiB
};

// Runs the program itself in the calling thread's network namespace, scrapes
// its /metrics and asks its /conflicts for five seconds, and reads what it has
// in memory then. No value: it did not come up (said on stderr).
std::optional<AgentMemory> memory_of_running_agent();

}  // namespace hostnet
