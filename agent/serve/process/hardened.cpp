#include "agent/serve/process/hardened.h"

#include <linux/capability.h>

#include <algorithm>

#include "agent/http/listen.h"
#include "agent/log/log.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kFirstOrdinaryPort = 1024;

// Sanitizers inspect the process from outside and make system calls of their own.
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

void harden_daemon(const HardeningOptions& options, const ServerOptions& web) {
  HardeningOptions wanted = options;
  wanted.no_memory_dumps = options.no_memory_dumps && !kSanitized;
  std::uint64_t keep = 0;
  if (std::ranges::any_of(web.listen, is_privileged)) keep |= 1ULL << CAP_NET_BIND_SERVICE;
  if (!web.socket_group.empty()) keep |= 1ULL << CAP_CHOWN;
  std::ranges::for_each(harden_process(wanted, keep), log_step);
}

std::function<void()> thread_confiner(const HardeningOptions& options) {
  if (!options.confine_threads || !options.no_new_privileges || kSanitized) return nullptr;
  return [] { log_step(confine_thread()); };
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
