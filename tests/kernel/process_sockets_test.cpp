#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "netlink/base/unique_fd.h"
#include "netlink/node/live_files.h"
#include "netlink/process_sockets/iterate_process_sockets.h"

namespace hostnet::testing {
namespace {

std::vector<ProcessSocket> read_all(ProcessSockets& sockets) {
  std::vector<ProcessSocket> all;
  EXPECT_TRUE(sockets.read([&](const ProcessSocket& one) { all.push_back(one); }));
  return all;
}

std::vector<ProcessSocket> of_process(int pid, const std::vector<ProcessSocket>& all) {
  std::vector<ProcessSocket> its;
  std::ranges::copy_if(all, std::back_inserter(its),
                       [&](const ProcessSocket& one) { return one.pid == pid; });
  return its;
}

std::vector<ProcessSocket> in_procfs(int pid) {
  std::vector<SocketDescriptor> descriptors;
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  EXPECT_TRUE(files->socket_descriptors(pid, descriptors));
  std::vector<ProcessSocket> its;
  for (const auto& [fd, inode] : descriptors) its.push_back({.pid = pid, .fd = fd, .inode = inode});
  return its;
}

UniqueFd any_socket() {
  return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

// A child that lives until it is told to go.
class Child {
 public:
  explicit Child(const std::function<bool()>& prepare) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const char well = prepare() ? 'y' : 'n';
      if (::write(ready[1], &well, 1) == 1) ::pause();
      ::_exit(0);
    }
    ::close(ready[1]);
    char well = 0;
    EXPECT_EQ(::read(ready[0], &well, 1), 1);
    EXPECT_EQ(well, 'y');
    ::close(ready[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  int pid_;
};

TEST(KernelProcessSockets, AreThoseOfProcfs) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  std::vector<UniqueFd> ours;
  for (int i = 0; i < 5000; ++i) {
    ours.push_back(any_socket());
    ASSERT_TRUE(ours.back()) << i;
  }
  const Child child([] { return ::dup2(0, 700) == 700 && ::socket(AF_UNIX, SOCK_DGRAM, 0) >= 0; });
  const auto sockets = iterate_process_sockets("/proc");
  ASSERT_TRUE(sockets) << sockets.error().message;
  const auto all = read_all(**sockets);
  EXPECT_EQ(of_process(::getpid(), all), in_procfs(::getpid()));
  EXPECT_GE(of_process(::getpid(), all).size(), 5000U);
  EXPECT_EQ(of_process(child.pid(), all), in_procfs(child.pid()));
  EXPECT_GE(of_process(child.pid(), all).size(), 5000U);
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &ProcessSocket::pid));
}

// pthread_exit() in main(): the other threads keep the descriptors.
TEST(KernelProcessSockets, OfAProcessThatOutlivesItsFirstThreadAreThoseOfProcfs) {
  const UniqueFd socket = any_socket();
  const pid_t child = ::fork();
  if (child == 0) {
    std::thread([] { ::pause(); }).detach();
    ::syscall(SYS_exit, 0);  // of this thread only
  }
  const std::string folder = "/proc/" + std::to_string(child) + "/fd";
  while (!std::filesystem::is_empty(folder)) std::this_thread::yield();
  const auto its = of_process(child, read_all(*iterate_process_sockets("/proc").value()));
  EXPECT_FALSE(its.empty());
  EXPECT_EQ(its, in_procfs(child));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(KernelProcessSockets, AreReadOnceOnly) {
  const auto sockets = iterate_process_sockets("/proc").value();
  read_all(*sockets);
  const auto again = sockets->read([](const ProcessSocket&) { FAIL(); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, Reason::unsupported);
}

// As the agent in the pod of a node that is a container itself.
TEST(KernelProcessSockets, HaveTheNumbersOfTheReadersPidNamespace) {
  const UniqueFd outside = any_socket();
  const int reader = ::fork();
  if (reader == 0) {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(2);
    const int first = ::fork();
    if (first == 0) {
      // Its procfs is still the one outside.
      if (iterate_process_sockets("/proc")) ::_exit(3);
      if (::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
        ::_exit(4);
      }
      const UniqueFd own = any_socket();
      struct stat about{};
      if (::fstat(own.get(), &about) != 0) ::_exit(5);
      const auto sockets = iterate_process_sockets("/proc");
      if (!sockets) ::_exit(6);
      bool found = false;
      bool others = false;
      const auto read = (*sockets)->read([&](const ProcessSocket& one) {
        found = found || one == ProcessSocket{.pid = 1, .fd = own.get(), .inode = about.st_ino};
        others = others || one.pid != 1;
      });
      ::_exit(read && found && !others ? 0 : 7);
    }
    int status = 0;
    ::waitpid(first, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 8);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0) << "exit " << WEXITSTATUS(status);
}

TEST(KernelProcessSockets, NeedNoRightsOnceTheyAreOpened) {
  const UniqueFd own = any_socket();
  const auto sockets = iterate_process_sockets("/proc").value();
  const int reader = ::fork();
  if (reader == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setuid(kNobody) != 0) ::_exit(2);
    if (iterate_process_sockets("/proc")) ::_exit(3);
    bool found = false;
    const auto read = sockets->read([&](const ProcessSocket& one) {
      found = found || (one.pid == ::getpid() && one.fd == own.get());
    });
    if (!read) ::_exit(4);
    ::_exit(found ? 0 : 5);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0) << "exit " << WEXITSTATUS(status);
}

}  // namespace
}  // namespace hostnet::testing
