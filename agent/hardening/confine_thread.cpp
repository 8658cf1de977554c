#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "agent/hardening/hardening.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

// All rights of Landlock's first version except reading, and removing files: the HTTP loop removes
// its socket. Rights that are not handled stay allowed.
constexpr std::uint64_t kWrites = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

Result<std::string> confine() {
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = kWrites;
  const UniqueFd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  if (!rules) return "not available: the kernel (Linux 5.13 with Landlock) or a filter says no";
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    return system_failure(errno, "restricting a thread by Landlock");
  }
  return "on, for the HTTP loop and the Kubernetes client";
}

}  // namespace

HardeningStep confine_thread() {
  return {.name = "landlock", .held = confine()};
}

}  // namespace hostnet
