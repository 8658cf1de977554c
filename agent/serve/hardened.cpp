#include "agent/serve/hardened.h"

#include <linux/capability.h>

#include <algorithm>

#include "agent/http/listen.h"
#include "agent/log/log.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kFirstOrdinaryPort = 1024;

// Sanitizers inspect the process from outside and with calls of their own.
#ifdef HOSTNET_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

bool is_privileged(const std::string& listen) {
  const auto address = parse_listen_address(listen);
  return address && address->unix_path.empty() && address->port > 0 &&
         address->port < kFirstOrdinaryPort;
}

void log_step(const HardeningStep& step) {
  if (step.held) {
    log::debug("hardened", {{"measure", step.name}, {"state", *step.held}});
  } else {
    log::warn("hardening failed", {{"measure", step.name}, {"error", step.held.error().message}});
  }
}

}  // namespace

void harden_daemon(const HardeningOptions& options, std::span<const std::string> listen) {
  HardeningOptions wanted = options;
  wanted.no_memory_dumps = options.no_memory_dumps && !kSanitized;
  const bool binds = std::ranges::any_of(listen, is_privileged);
  const std::uint64_t keep = binds ? std::uint64_t{1} << CAP_NET_BIND_SERVICE : 0;
  std::ranges::for_each(harden_process(wanted, keep), log_step);
}

SyscallWatch::SyscallWatch(const HardeningOptions& options, AgentMetrics& metrics)
    : metrics_(metrics) {
  if (options.filter_syscalls && !kSanitized) log_step(filter_syscalls());
}

void SyscallWatch::see() {
  const RefusedSyscalls refused = refused_syscalls();
  if (refused.count == seen_) return;
  metrics_.syscalls_refused(refused.count - seen_);
  log::warn("system call refused by the seccomp filter",
            {{"number", refused.last}, {"times", refused.count - seen_}});
  seen_ = refused.count;
}

}  // namespace hostnet
