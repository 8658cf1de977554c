#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/hardening/hardening.h"
#include "agent/metrics/agent_metrics.h"

namespace hostnet {

// Gives away what serving on these addresses does not need, and logs what could not be. Before
// the first thread.
void harden_daemon(const HardeningOptions& options, std::span<const std::string> listen);

// Filters system calls, and counts from then on what was refused: call see() now and then.
class SyscallWatch {
 public:
  SyscallWatch(const HardeningOptions& options, AgentMetrics& metrics);
  void see();

 private:
  AgentMetrics& metrics_;
  std::uint64_t seen_{};
};

}  // namespace hostnet
