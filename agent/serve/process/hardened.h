#pragma once

#include <cstdint>
#include <functional>

#include "agent/hardening/hardening.h"
#include "agent/http/http_server.h"
#include "agent/metrics/agent_metrics.h"

namespace hostnet {

// Drops the rights that a server with these options does not need, and logs what failed. Call
// before the first thread.
void harden_daemon(const HardeningOptions& options, const ServerOptions& web);

// A function that confines the thread that calls it (confine_thread()) and logs a failure; unset:
// nothing to confine.
std::function<void()> thread_confiner(const HardeningOptions& options);

// Filters system calls from then on, and counts refused ones: call see() regularly.
class SyscallWatch {
 public:
  SyscallWatch(const HardeningOptions& options, AgentMetrics& metrics);
  void see();

 private:
  AgentMetrics& metrics_;
  std::uint64_t seen_{};
};

}  // namespace hostnet
