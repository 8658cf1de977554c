#include "netlink/node/live_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "netlink/base/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<Files> real_files() {
  return live_files("/proc", "/sys", live_clock()).value();
}

// A tree of our own in place of /proc and /sys.
class FixtureTree : public ::testing::Test {
 protected:
  FixtureTree() {
    tree_.make_directory("proc");
    tree_.make_directory("sys");
    files_ = live_files(tree_ / "proc", tree_ / "sys", live_clock()).value();
  }
  TemporaryDirectory tree_;
  std::shared_ptr<Files> files_;
};

std::uint64_t inode_of(int fd) {
  struct stat about{};
  EXPECT_EQ(::fstat(fd, &about), 0);
  return about.st_ino;
}

TEST_F(FixtureTree, ProcAndSysAreTheTwoRoots) {
  tree_.write("proc/1/comm", "systemd\n");
  tree_.write("sys/class/net/eth0/mtu", "1500\n");
  EXPECT_EQ(files_->read("proc/1/comm").value(), "systemd\n");
  EXPECT_EQ(files_->read("sys/class/net/eth0/mtu").value(), "1500\n");
  EXPECT_TRUE(files_->exists("sys/class"));
  EXPECT_FALSE(files_->exists("sys/block"));
}

TEST_F(FixtureTree, ReadClearsWhatWasInTheBuffer) {
  tree_.write("proc/a", "new");
  std::string buffer = "something longer that was here";
  ASSERT_TRUE(files_->read("proc/a", buffer));
  EXPECT_EQ(buffer, "new");
  ASSERT_FALSE(files_->read("proc/b", buffer));
  EXPECT_EQ(buffer, "");
}

TEST_F(FixtureTree, AFileIsByteExactAndMayBeLongerThanOneRead) {
  std::string contents;
  for (int i = 0; i < 200'000; ++i) contents += static_cast<char>(i % 251);
  tree_.write("proc/long", contents);
  EXPECT_EQ(files_->read("proc/long").value(), contents);
}

TEST_F(FixtureTree, AFileBeyond64MiBIsRefused) {
  tree_.write("proc/huge", "");
  ASSERT_EQ(::truncate((tree_ / "proc/huge").c_str(), (64 << 20) + 1), 0);
  const auto read = files_->read("proc/huge");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::exhausted);
  EXPECT_THAT(read.error().message, HasSubstr("proc/huge"));
}

TEST_F(FixtureTree, AMissingFileIsVanishedAndNamed) {
  const auto error = files_->read("proc/17/status").error();
  EXPECT_EQ(error.reason, Reason::vanished);
  EXPECT_EQ(error.message, "reading proc/17/status: No such file or directory");
}

TEST_F(FixtureTree, APathCannotLeaveItsRoot) {
  tree_.write("secret", "x");
  for (const auto* path : {"proc/../secret", "sys/..", "proc//etc/passwd", "/proc/1/comm", "etc/x",
                           "", "proc/./a", "proc/a/", "procs/a"}) {
    const auto read = files_->read(path);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().reason, Reason::malformed) << path;
    EXPECT_FALSE(files_->exists(path)) << path;
    EXPECT_FALSE(files_->list(path)) << path;
    EXPECT_FALSE(files_->inode(path)) << path;
    EXPECT_FALSE(files_->link(path)) << path;
  }
  const std::string with_nul("proc/a\0b", 8);
  EXPECT_EQ(files_->read(with_nul).error().reason, Reason::malformed);
  EXPECT_EQ(files_->read("proc/" + std::string(5000, 'a')).error().reason, Reason::malformed);
}

TEST_F(FixtureTree, ALinkOutOfTheRootIsNotFollowedButOneInsideIs) {
  tree_.write("secret", "x");
  tree_.make_link("proc/relative", "../secret");
  tree_.make_link("proc/absolute", tree_ / "secret");
  tree_.make_link("proc/directory", "..");
  for (const auto* path : {"proc/relative", "proc/absolute", "proc/directory/secret"}) {
    const auto read = files_->read(path);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().reason, Reason::denied) << path;
    EXPECT_THAT(read.error().message, HasSubstr("leads out of its root"));
  }
  EXPECT_FALSE(files_->list("proc/directory"));
  tree_.write("sys/devices/pci0/net/eth0/mtu", "1500\n");
  tree_.make_link("sys/class/net/eth0", "../../devices/pci0/net/eth0");
  EXPECT_EQ(files_->read("sys/class/net/eth0/mtu").value(), "1500\n");
  EXPECT_EQ(files_->link("sys/class/net/eth0").value(), "../../devices/pci0/net/eth0");
}

TEST_F(FixtureTree, ALoopOfLinksIsAnError) {
  tree_.make_link("proc/a", "b");
  tree_.make_link("proc/b", "a");
  EXPECT_EQ(files_->read("proc/a").error().system_error, ELOOP);
  EXPECT_FALSE(files_->list("proc/a"));
  EXPECT_FALSE(files_->exists("proc/a"));
}

TEST_F(FixtureTree, AFifoOrADeviceIsNotReadAndDoesNotBlock) {
  ASSERT_EQ(::mkfifo((tree_ / "proc/fifo").c_str(), 0600), 0);
  const auto read = files_->read("proc/fifo");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::unsupported);
  EXPECT_THAT(read.error().message, HasSubstr("not a regular file"));
  EXPECT_FALSE(files_->list("proc/fifo"));
}

TEST_F(FixtureTree, ADirectoryIsNoFileAndAFileIsNoDirectory) {
  tree_.write("proc/1/comm", "x");
  EXPECT_EQ(files_->read("proc/1").error().system_error, EISDIR);
  EXPECT_EQ(files_->list("proc/1/comm").error().system_error, ENOTDIR);
  EXPECT_EQ(files_->link("proc/1/comm").error().system_error, EINVAL);
}

TEST_F(FixtureTree, NamesAreListedInOrderWithoutTheDots) {
  for (const auto* name : {"proc/b", "proc/a", "proc/10", "proc/9", "proc/.hidden"}) {
    tree_.write(name, "");
  }
  EXPECT_THAT(files_->list("proc").value(), ElementsAre(".hidden", "10", "9", "a", "b"));
}

TEST_F(FixtureTree, DescriptorsAreReadFromLinksThatLeadNowhere) {
  tree_.make_link("proc/7/fd/10", "socket:[4242]");
  tree_.make_link("proc/7/fd/9", "socket:[18446744073709551615]");
  tree_.make_link("proc/7/fd/0", "/dev/null");
  tree_.make_link("proc/7/fd/1", "pipe:[99]");
  tree_.make_link("proc/7/fd/2", "socket:[12x]");
  tree_.make_link("proc/7/fd/3", "socket:[99999999999999999999]");
  tree_.make_link("proc/7/fd/x", "socket:[5]");
  tree_.make_link("proc/7/fd/4", "socket:[" + std::string(300, '1') + "]");
  tree_.write("proc/7/fd/5", "a file");
  std::vector<SocketDescriptor> sockets{{1, 1}};
  ASSERT_TRUE(files_->socket_descriptors(7, sockets));
  EXPECT_THAT(sockets,
              ElementsAre(SocketDescriptor{9, 18446744073709551615U}, SocketDescriptor{10, 4242}));
  EXPECT_EQ(files_->socket_inode(7, 10).value(), 4242U);
  EXPECT_EQ(files_->socket_inode(7, 0).value(), 0U);
  EXPECT_EQ(files_->socket_inode(7, 77).error().reason, Reason::vanished);
  EXPECT_EQ(files_->socket_descriptors(8, sockets).error().reason, Reason::vanished);
  EXPECT_TRUE(sockets.empty());
}

TEST_F(FixtureTree, ANamespaceLinkIsItsNumber) {
  tree_.make_link("proc/1/ns/net", "net:[4026531840]");
  EXPECT_EQ(files_->inode("proc/1/ns/net").value(), 4026531840U);
  EXPECT_EQ(files_->inode("proc/1/ns/pid").error().reason, Reason::vanished);
}

TEST_F(FixtureTree, WithoutACgroup2MountACgroupIsUnsupported) {
  tree_.make_directory("sys/fs/cgroup/unified");
  EXPECT_EQ(files_->cgroup_path(1).error().reason, Reason::unsupported);
}

TEST_F(FixtureTree, WhatAnotherUserMayNotReadIsDenied) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  tree_.write("proc/secret", "x");
  tree_.make_link("proc/7/fd/3", "socket:[1]");
  ASSERT_EQ(::chmod((tree_ / "proc/secret").c_str(), 0600), 0);
  ASSERT_EQ(::chmod((tree_ / "proc/7/fd").c_str(), 0700), 0);
  ASSERT_EQ(::chmod(tree_.path().c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(10);
    std::string out;
    std::vector<SocketDescriptor> sockets;
    const auto read = files_->read("proc/secret", out);
    const auto scan = files_->socket_descriptors(7, sockets);
    const bool right = !read && read.error().reason == Reason::denied && !scan &&
                       scan.error().reason == Reason::denied;
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(LiveFiles, WithoutAProcfsThereIsNoNode) {
  const auto files = live_files("/nonexistent/proc", "/sys", live_clock());
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("/nonexistent/proc"));
}

TEST(LiveFiles, WithoutASysfsTheRestStillWorks) {
  const auto files = live_files("/proc", "/nonexistent/sys", live_clock()).value();
  EXPECT_TRUE(files->read("proc/self/comm"));
  const auto list = files->list("sys/class/net");
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().message, HasSubstr("/nonexistent/sys"));
  EXPECT_EQ(files->cgroup_path(1).error().reason, Reason::unsupported);
}

TEST(LiveFiles, TheRealProcAnswers) {
  const auto files = real_files();
  EXPECT_THAT(files->read("proc/self/status").value(), HasSubstr("CapEff:"));
  EXPECT_THAT(files->list("proc/self/ns").value(), ::testing::Contains("net"));
  EXPECT_EQ(files->link("proc/self").value(), std::to_string(::getpid()));
  EXPECT_THAT(files->link("proc/self/exe").value(), HasSubstr("/"));
  struct stat about{};
  ASSERT_EQ(::stat("/proc/self/ns/net", &about), 0);
  EXPECT_EQ(files->inode("proc/self/ns/net").value(), about.st_ino);
  EXPECT_TRUE(files->exists("proc/self/ns/net"));
  EXPECT_TRUE(files->read("sys/class/net/lo/mtu"));
}

TEST(LiveFiles, OurOwnSocketsAreFound) {
  const UniqueFd first(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd second(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::vector<SocketDescriptor> sockets;
  const auto files = real_files();
  ASSERT_TRUE(files->socket_descriptors(::getpid(), sockets));
  EXPECT_THAT(sockets, ::testing::Contains(SocketDescriptor{first.get(), inode_of(first.get())}));
  EXPECT_THAT(sockets, ::testing::Contains(SocketDescriptor{second.get(), inode_of(second.get())}));
  EXPECT_EQ(files->socket_inode(::getpid(), first.get()).value(), inode_of(first.get()));
}

// pthread_exit() in main(): the process goes on, and procfs shows no descriptors of its first
// thread.
TEST(LiveFiles, TheSocketsOfAProcessThatOutlivesItsFirstThreadAreFound) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const pid_t child = ::fork();
  if (child == 0) {
    std::thread([] { ::pause(); }).detach();
    ::syscall(SYS_exit, 0);  // of this thread only
  }
  const auto files = real_files();
  const std::string folder = "/proc/" + std::to_string(child) + "/fd";
  const auto first_thread_has_ended = [&] { return std::filesystem::is_empty(folder); };
  while (!first_thread_has_ended()) std::this_thread::yield();
  std::vector<SocketDescriptor> sockets;
  ASSERT_TRUE(files->socket_descriptors(child, sockets));
  EXPECT_THAT(sockets, ::testing::Contains(SocketDescriptor{socket.get(), inode_of(socket.get())}));
  EXPECT_EQ(files->socket_inode(child, socket.get()).value(), inode_of(socket.get()));
  EXPECT_EQ(files->socket_inode(child, 1'000'000).error().reason, Reason::vanished);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// Children with sockets come and go while two threads read them: every
// answer is either whole or "vanished".
TEST(LiveFiles, ProcessesThatVanishWhileTheyAreReadAreVanished) {
  const auto files = real_files();
  constexpr int kRounds = 60;
  std::atomic<pid_t> current{0};
  std::atomic<bool> stop{false};
  std::atomic<int> others{0};
  auto scan = [&] {
    std::vector<SocketDescriptor> sockets;
    while (!stop) {
      const pid_t pid = current;
      if (pid == 0) continue;
      const auto done = files->socket_descriptors(pid, sockets);
      if (!done && done.error().reason != Reason::vanished) ++others;
    }
  };
  std::thread one(scan);
  std::thread two(scan);
  int seen = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0; i < 100; ++i) ::socket(AF_UNIX, SOCK_DGRAM, 0);
      const char byte = 1;
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      ::pause();
      ::_exit(0);
    }
    current = child;
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    std::vector<SocketDescriptor> sockets;
    if (files->socket_descriptors(child, sockets) && sockets.size() >= 100) ++seen;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto gone = files->socket_descriptors(child, sockets);
    EXPECT_FALSE(gone);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  stop = true;
  one.join();
  two.join();
  EXPECT_EQ(seen, kRounds);
  EXPECT_EQ(others, 0);
}

}  // namespace
}  // namespace hostnet
