#include "netlink/node/kept_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "netlink/node/live_files.h"

namespace hostnet {
namespace {

UniqueFd any_file() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(KeptFiles, AreThoseThatNoProcessTakesAway) {
  for (const char* path : {"1/net/snmp", "1/net/stat/nf_conntrack", "sys/net/core/somaxconn",
                           "stat", "self/stat", "self/limits", "interrupts"}) {
    EXPECT_TRUE(KeptFiles::keepable(path)) << path;
  }
  for (const char* path : {"1/stat", "12/net/snmp", "812/stat", "self/net/snmp", "self/mountinfo",
                           "thread-self/stat"}) {
    EXPECT_FALSE(KeptFiles::keepable(path)) << path;
  }
}

TEST(KeptFiles, ServeOneReaderAtATime) {
  KeptFiles kept;
  EXPECT_FALSE(kept.take("stat"));
  UniqueFd file = any_file();
  const int fd = file.get();
  kept.put_back("stat", std::move(file));
  const UniqueFd taken = kept.take("stat");
  EXPECT_EQ(taken.get(), fd);
  EXPECT_FALSE(kept.take("stat"));
}

TEST(KeptFiles, LetGoOfTheLeastRecentlyUsed) {
  KeptFiles kept;
  std::vector<int> fds;
  for (std::size_t i = 0; i < KeptFiles::kMost; ++i) {
    UniqueFd file = any_file();
    fds.push_back(file.get());
    kept.put_back(std::to_string(i), std::move(file));
  }
  kept.put_back("0", kept.take("0"));  // used again: the next oldest is "1"
  kept.put_back("another", any_file());
  EXPECT_TRUE(is_open(fds[0]));
  EXPECT_FALSE(kept.take("1"));
  EXPECT_TRUE(kept.take("another"));
  EXPECT_TRUE(kept.take("2"));
}

TEST(KeptFiles, AreReadAfresh) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  const auto first = files->read("proc/sys/kernel/random/uuid").value();
  const auto second = files->read("proc/sys/kernel/random/uuid").value();
  EXPECT_EQ(first.size(), second.size());
  EXPECT_NE(first, second);
}

// Longer than one read gives, and never torn by another reader's.
TEST(KeptFiles, AreReadWholeByManyThreads) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  std::atomic<int> bad = 0;
  const auto scan = [&] {
    std::string text;
    for (int i = 0; i < 200; ++i) {
      const bool whole = files->read("proc/1/net/netstat", text).has_value() &&
                         text.starts_with("TcpExt: ") && text.ends_with('\n') &&
                         text.find("\nTcpExt: ") == text.rfind("\nTcpExt: ");
      if (!whole) ++bad;
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(scan);
  threads.clear();
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace hostnet
