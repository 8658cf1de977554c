#include "agent/serve/process/descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hostnet {
namespace {

// kLeast: 48 kept files of /proc, netlink sockets, events, clients of the API server, and some
// connections. kUseful: every connection that the server allows, and files.
constexpr rlim_t kLeast = 128, kUseful = 4096;

}  // namespace

Result<> ensure_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return system_failure(errno, "reading RLIMIT_NOFILE");
  const rlim_t wanted = std::min(limit.rlim_max, kUseful);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      return system_failure(errno, "raising RLIMIT_NOFILE");
    }
  }
  if (limit.rlim_cur >= kLeast) return {};
  return failure(
      Reason::exhausted,
      fmt::format("only {} open files are allowed, the agent needs {}: raise `ulimit -n` "
                  "or LimitNOFILE=",
                  limit.rlim_cur, kLeast));
}

void occupy_standard_streams() {
  int lowest = STDIN_FILENO;
  while (lowest >= 0 && lowest <= STDERR_FILENO) lowest = ::open("/dev/null", O_RDONLY);
  if (lowest >= 0) ::close(lowest);
}

}  // namespace hostnet
