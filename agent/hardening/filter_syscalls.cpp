#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "agent/hardening/hardening.h"
#include "agent/hardening/syscalls.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which AUDIT_ARCH_ is this?"
#endif

// The newest system call known at build time. Newer ones get a plain ENOSYS: a later C library may
// try them, also where signals are blocked.
constexpr std::uint32_t kNewestKnown = SYS_process_mrelease;

std::atomic<std::uint64_t> refused_count;
std::atomic<int> refused_last;

// The filter's SIGSYS handler: counts the call, and returns ENOSYS in the kernel's place.
void on_refused(int /*signal*/, siginfo_t* info, void* context) {
  refused_count.fetch_add(1, std::memory_order_relaxed);
  refused_last.store(info->si_syscall, std::memory_order_relaxed);
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  registers.gregs[REG_RAX] = -ENOSYS;
#else
  registers.regs[0] = static_cast<unsigned long long>(-ENOSYS);
#endif
}

sock_filter statement(unsigned code, std::uint32_t value) {
  return {.code = static_cast<std::uint16_t>(code), .k = value};
}

// Skips `yes` instructions if the test holds, else `no`.
sock_filter jump(unsigned test, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {
      .code = static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), .jt = yes, .jf = no, .k = value};
}

void append_answer(std::vector<sock_filter>& program, std::uint32_t answer) {
  program.push_back(statement(BPF_RET | BPF_K, answer));
}

// `allowed`: sorted, unique.
std::vector<sock_filter> filter_of(std::span<const int> allowed) {
  std::vector<sock_filter> program{
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      jump(BPF_JEQ, kArchitecture, 1, 0), statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (auto first = allowed.begin(); first != allowed.end();) {
    auto end = std::next(first);
    while (end != allowed.end() && *end == *std::prev(end) + 1) ++end;
    // Above this range: on to the next one. Below it: refused, as they are sorted.
    program.push_back(jump(BPF_JGT, static_cast<std::uint32_t>(*std::prev(end)), 3, 0));
    program.push_back(jump(BPF_JGE, static_cast<std::uint32_t>(*first), 0, 1));
    append_answer(program, SECCOMP_RET_ALLOW);
    append_answer(program, SECCOMP_RET_TRAP);
    first = end;
  }
  program.push_back(jump(BPF_JGT, kNewestKnown, 0, 1));
  append_answer(program, SECCOMP_RET_ERRNO | ENOSYS);
  append_answer(program, SECCOMP_RET_TRAP);
  return program;
}

Result<std::string> install(std::span<const int> more) {
  std::vector<int> allowed(used_syscalls().begin(), used_syscalls().end());
  allowed.insert(allowed.end(), more.begin(), more.end());
  sort_unique(allowed);

  struct sigaction action{};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return system_failure(errno, "handling SIGSYS");
  auto program = filter_of(allowed);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  // If a thread cannot be synchronized, its id is returned and no thread gets the filter.
  const long failed =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (failed != 0) {
    return system_failure(failed > 0 ? EBUSY : errno, "installing the seccomp filter");
  }
  return fmt::format("on, {} system calls allowed", allowed.size());
}

}  // namespace

HardeningStep filter_syscalls(std::span<const int> more) {
  return {"seccomp", install(more)};
}

RefusedSyscalls refused_syscalls() {
  return {.count = refused_count.load(std::memory_order_relaxed),
          .last = refused_last.load(std::memory_order_relaxed)};
}

}  // namespace hostnet
