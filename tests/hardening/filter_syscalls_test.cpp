#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "agent/hardening/hardening.h"
#include "agent/hardening/syscalls.h"

namespace hostnet {
namespace {

// A filter stays: what is asked is answered by a child of its own.
template <class Work>
bool holds_in_a_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(work() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

int error_of(long number) {
  errno = 0;
  ::syscall(number, 0, 0, 0, 0, 0, 0);
  return errno;
}

TEST(FilterSyscalls, AnotherCallIsMissingAndCountedAndKillsNothing) {
  EXPECT_TRUE(holds_in_a_child([] {
    if (!filter_syscalls().held) return false;
    const bool missing = error_of(SYS_ptrace) == ENOSYS && error_of(SYS_execve) == ENOSYS;
    const RefusedSyscalls refused = refused_syscalls();
    return missing && refused.count == 2 && refused.last == SYS_execve;
  }));
}

TEST(FilterSyscalls, HoldsForThreadsThatAreThereAndForNewOnes) {
  EXPECT_TRUE(holds_in_a_child([] {
    std::atomic<bool> filtered = false, before = false, after = false;
    std::thread there([&] {
      filtered.wait(false);
      before = error_of(SYS_ptrace) == ENOSYS;
    });
    const bool held = filter_syscalls().held.has_value();
    filtered = true;
    filtered.notify_all();
    there.join();
    std::thread fresh([&] { after = error_of(SYS_ptrace) == ENOSYS; });
    fresh.join();
    return held && before && after;
  }));
}

TEST(FilterSyscalls, ACallThatIsAddedIsMade) {
  EXPECT_TRUE(holds_in_a_child([] {
    constexpr std::array kMore{static_cast<int>(SYS_bpf)};
    if (!filter_syscalls(kMore).held) return false;
    return error_of(SYS_bpf) != ENOSYS && error_of(SYS_ptrace) == ENOSYS;
  }));
}

TEST(FilterSyscalls, ACallThatIsNewerThanTheProgramIsOnlyMissing) {
  EXPECT_TRUE(holds_in_a_child([] {
    if (!filter_syscalls().held) return false;
    return error_of(600) == ENOSYS && refused_syscalls().count == 0;
  }));
}

TEST(FilterSyscalls, NothingThatRunsAProgramOrChangesTheKernelIsOnTheList) {
  const auto used = used_syscalls();
  for (const long number : {SYS_execve, SYS_execveat, SYS_ptrace, SYS_bpf, SYS_mount, SYS_setns,
                            SYS_unshare, SYS_init_module, SYS_setuid, SYS_process_vm_readv,
                            SYS_keyctl, SYS_io_uring_setup, SYS_userfaultfd}) {
    EXPECT_FALSE(std::ranges::binary_search(used, static_cast<int>(number))) << number;
  }
}

TEST(HardenProcess, LeavesOnlyTheCapabilitiesOfScansAndNoWayBack) {
  EXPECT_TRUE(holds_in_a_child([] {
    const auto steps = harden_process({}, 0);
    bool held = steps.size() == 3;
    for (const HardeningStep& step : steps) held = held && step.held;
    return held && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
           ::prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 0;  // CAP_SYS_ADMIN
  }));
}

TEST(HardenProcess, EachMeasureCanBeSwitchedOff) {
  EXPECT_TRUE(harden_process({.no_new_privileges = false,
                              .drop_capabilities = false,
                              .no_memory_dumps = false,
                              .filter_syscalls = false},
                             0)
                  .empty());
}

}  // namespace
}  // namespace hostnet
