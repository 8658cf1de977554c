#pragma once

#include <cstdint>
#include <functional>

#include "agent/hardening/hardening.h"
#include "agent/http/http_server.h"
#include "agent/metrics/agent_metrics.h"

namespace hostnet {

// Gives away what a server with these options does not need, and logs what could not be. Before
// the first thread.
void harden_daemon(const HardeningOptions& options, const ServerOptions& web);

// What confines the thread that calls it (confine_thread()), and logs where it could not be; unset:
// nothing is to.
std::function<void()> thread_confiner(const HardeningOptions& options);

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
