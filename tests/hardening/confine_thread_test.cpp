#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "agent/hardening/hardening.h"
#include "netlink/base/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

bool kernel_has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U) > 0;
}

int error_of_opening(const std::string& path, int flags) {
  errno = 0;
  const UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  return file ? 0 : errno;
}

TEST(ConfineThread, WritesNoFileAndReadsOnAndOtherThreadsAreFree) {
  if (!kernel_has_landlock()) GTEST_SKIP() << "no Landlock here";
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  const TemporaryDirectory folder;
  const std::string path = folder / "file";
  std::thread([&] {
    EXPECT_TRUE(confine_thread().held);
    EXPECT_EQ(error_of_opening(path, O_WRONLY | O_CREAT), EACCES);
    EXPECT_EQ(error_of_opening("/proc/self/status", O_RDONLY), 0);
    EXPECT_EQ(error_of_opening("/etc/passwd", O_RDONLY), 0);
  }).join();
  EXPECT_EQ(error_of_opening(path, O_WRONLY | O_CREAT), 0);
}

}  // namespace
}  // namespace hostnet
