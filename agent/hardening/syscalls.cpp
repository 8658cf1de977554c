#include "agent/hardening/syscalls.h"

#include <sys/syscall.h>

#include <vector>

#include "netlink/base/file_watch.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// Files, /proc and /sys; saved state, recordings and socket paths.
constexpr int kFiles[]{
    SYS_read,      SYS_pread64,   SYS_readv,      SYS_preadv,     SYS_write,     SYS_pwrite64,
    SYS_writev,    SYS_pwritev,   SYS_lseek,      SYS_close,      SYS_openat,    SYS_fstat,
    SYS_statx,     SYS_statfs,    SYS_fstatfs,    SYS_readlinkat, SYS_faccessat, SYS_getdents64,
    SYS_fcntl,     SYS_flock,     SYS_dup,        SYS_dup3,       SYS_pipe2,     SYS_ioctl,
    SYS_fsync,     SYS_fdatasync, SYS_ftruncate,  SYS_mkdirat,    SYS_unlinkat,  SYS_renameat2,
    SYS_fchmod,    SYS_fchmodat,  SYS_fchown,     SYS_fchownat,   SYS_umask,     SYS_getcwd,
    SYS_fadvise64, SYS_sendfile,  SYS_newfstatat, SYS_utimensat,
#ifdef SYS_renameat
    SYS_renameat,
#endif
};
// Cgroups by id; sockets of other processes.
constexpr int kOthersFiles[]{SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_pidfd_open,
                             SYS_pidfd_getfd};
// Netlink, HTTP, the API server, legacy iptables.
constexpr int kSockets[]{
    SYS_socket,   SYS_socketpair,  SYS_bind,        SYS_listen,     SYS_accept,     SYS_accept4,
    SYS_connect,  SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_sendto,
    SYS_recvfrom, SYS_sendmsg,     SYS_recvmsg,     SYS_sendmmsg,   SYS_recvmmsg,   SYS_shutdown};
// Waiting.
constexpr int kEvents[]{SYS_ppoll,           SYS_pselect6,       SYS_epoll_create1,
                        SYS_epoll_ctl,       SYS_epoll_pwait,    SYS_eventfd2,
                        SYS_signalfd4,       SYS_timerfd_create, SYS_timerfd_settime,
                        SYS_timerfd_gettime, SYS_nanosleep,      SYS_clock_nanosleep,
                        SYS_restart_syscall};
// Memory and threads.
constexpr int kThreads[]{SYS_mmap,
                         SYS_munmap,
                         SYS_mprotect,
                         SYS_mremap,
                         SYS_madvise,
                         SYS_mincore,
                         SYS_brk,
                         SYS_futex,
                         SYS_clone,
                         SYS_clone3,
                         SYS_exit,
                         SYS_exit_group,
                         SYS_set_robust_list,
                         SYS_get_robust_list,
                         SYS_set_tid_address,
                         SYS_rseq,
                         SYS_membarrier,
                         SYS_sched_yield,
                         SYS_sched_getaffinity,
                         SYS_sched_setaffinity,
                         SYS_sched_getparam,
                         SYS_sched_getscheduler,
                         SYS_sched_setscheduler,
                         SYS_sched_setparam,
                         SYS_getpriority,
                         SYS_setpriority};
// Signals.
constexpr int kSignals[]{
    SYS_rt_sigaction,  SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend, SYS_sigaltstack,    SYS_kill,         SYS_tgkill,        SYS_tkill};
// The clock and our own identity.
constexpr int kSelf[]{SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_adjtimex,
                      SYS_clock_adjtime, SYS_uname,        SYS_sysinfo,      SYS_getrandom,
                      SYS_getpid,        SYS_getppid,      SYS_gettid,       SYS_getuid,
                      SYS_geteuid,       SYS_getgid,       SYS_getegid,      SYS_getgroups,
                      SYS_getresuid,     SYS_getresgid,    SYS_getpgid,      SYS_getsid,
                      SYS_capget,        SYS_prctl,        SYS_seccomp,      SYS_getrusage,
                      SYS_times,         SYS_getcpu,       SYS_prlimit64};
// Not on every architecture, or too new for some kernel headers.
constexpr int kSome[]{
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_getdents,
    SYS_poll,
    SYS_select,
    SYS_dup2,
    SYS_pipe,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_chmod,
    SYS_chown,
    SYS_time,
    SYS_arch_prctl,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_signalfd,
    SYS_getpgrp,
#endif
#ifdef SYS_getrlimit
    SYS_getrlimit,
#endif
#ifdef SYS_openat2
    SYS_openat2,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_close_range
    SYS_close_range,
#endif
#ifdef SYS_epoll_pwait2
    SYS_epoll_pwait2,
#endif
#ifdef SYS_landlock_restrict_self
    SYS_landlock_create_ruleset,
    SYS_landlock_restrict_self,
#endif
#ifdef SYS_map_shadow_stack
    SYS_map_shadow_stack,
#endif
#ifdef SYS_fchmodat2
    SYS_fchmodat2,
#endif
};

}  // namespace

std::span<const int> used_syscalls() {
  static const std::vector<int> kAll = [] {
    std::vector<int> all;
    for (const std::span<const int> some :
         {std::span<const int>(kFiles), std::span<const int>(kOthersFiles),
          std::span<const int>(kSockets), std::span<const int>(kEvents),
          std::span<const int>(kThreads), std::span<const int>(kSignals),
          std::span<const int>(kSelf), std::span<const int>(kSome), file_watch_syscalls()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    sort_unique(all);
    return all;
  }();
  return kAll;
}

}  // namespace hostnet
