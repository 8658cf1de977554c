#include "agent/serve/process/thread_caches.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace hostnet {

void restart_without_thread_caches(char** words) {
  constexpr const char* kTunables = "GLIBC_TUNABLES";
  // The loader ignores that variable in a process with extra rights (file capabilities).
  if (std::getenv(kTunables) != nullptr || ::getauxval(AT_SECURE) != 0) return;
  // By its real path: /proc/self/exe would become the name of the process.
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown || ::setenv(kTunables, "glibc.malloc.tcache_count=0", 1) != 0) return;
  ::execv(program.c_str(), words);
}

}  // namespace hostnet
