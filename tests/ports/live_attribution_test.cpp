// Real processes and sockets, in a network namespace of their own. Skipped
// where that is not allowed (no root).

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/config/policy.h"
#include "agent/ports/scan/port_scanner.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

// A listening TCP socket on an address and port of this namespace.
UniqueFd listen_on(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 8) != 0) {
    ADD_FAILURE() << "listening on " << port << ": " << std::strerror(errno);
  }
  return fd;
}

// A child that does `work`, says that it has, and waits to be killed.
class Child {
 public:
  explicit Child(const std::function<void()>& work) {
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      work();
      (void)!::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    char byte = 0;
    pollfd wait{.fd = ready[0], .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&wait, 1, 120'000), 1);
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  int pid_ = -1;
};

// A directory below the cgroup2 mount, removed at the end with its parents.
class PodCgroup {
 public:
  explicit PodCgroup(const std::string& uid) {
    const std::string mount = ::access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0
                                  ? "/sys/fs/cgroup"
                                  : "/sys/fs/cgroup/unified";
    std::string path = mount;
    for (const std::string& part :
         {std::string("kubepods"), std::string("burstable"), "pod" + uid, std::string(64, 'c')}) {
      path += "/" + part;
      made_.push_back(path);
      if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) usable_ = false;
    }
  }
  ~PodCgroup() {
    // Others may share the parents: those stay until the last is gone.
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) ::rmdir(path->c_str());
  }
  PodCgroup(const PodCgroup&) = delete;
  PodCgroup& operator=(const PodCgroup&) = delete;

  bool usable() const { return usable_ && ::access(procs().c_str(), W_OK) == 0; }
  void enter() const { std::ofstream(procs()) << ::getpid() << std::flush; }

 private:
  std::string procs() const { return made_.back() + "/cgroup.procs"; }
  std::vector<std::string> made_;
  bool usable_ = true;
};

// The thread of each test moves to a namespace of its own: gtest runs one test
// per process under ctest, and one after another otherwise.
class LiveAttribution : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
    auto node = live_node({});
    ASSERT_TRUE(node) << node.error().message;
    builder_.emplace(*node);
    options_.node_components = default_policy().node_components;
  }

  Holder holder_on(std::uint16_t port) {
    now_ += seconds{1};
    table_ = *builder_->scan(options_, now_);
    for (const Holder& holder : table_.holders) {
      if (holder.socket.local_port == port) return holder;
    }
    ADD_FAILURE() << "nobody has port " << port;
    return {};
  }

  static std::vector<int> pids_of(const Holder& holder) {
    std::vector<int> pids;
    for (const Process& process : holder.owner.processes) pids.push_back(process.pid);
    return pids;
  }

  std::optional<PortScanner> builder_;
  ScanOptions options_;
  PortSnapshot table_;
  SteadyTime now_{seconds{1000}};
};

TEST_F(LiveAttribution, OurOwnSocketIsOurs) {
  const UniqueFd socket = listen_on(7001);
  const Holder holder = holder_on(7001);
  EXPECT_TRUE(holder.owner.self);
  EXPECT_THAT(pids_of(holder), ElementsAre(::getpid()));
  EXPECT_EQ(holder.owner.exe, std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_TRUE(table_.coverage.every_owner);
}

TEST_F(LiveAttribution, ForkedProcessesShareASocketUntilTheyEnd) {
  UniqueFd socket = listen_on(7002);
  Child first([] {});
  Child second([] {});
  socket.reset();
  EXPECT_THAT(pids_of(holder_on(7002)), ElementsAre(first.pid(), second.pid()));
  const int left = second.pid();
  first.end();
  now_ += seconds{30};
  EXPECT_THAT(pids_of(holder_on(7002)), ElementsAre(left));
  second.end();
  now_ += seconds{30};
  table_ = *builder_->scan(options_, now_);
  EXPECT_TRUE(table_.holders.empty());
  EXPECT_TRUE(table_.coverage.every_owner);
}

TEST_F(LiveAttribution, ASocketThatWasPassedOnIsItsReceivers) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  Child maker([&] {
    const UniqueFd socket = listen_on(7003);
    char byte = 'x';
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = socket.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    ::sendmsg(pair[0], &message, 0);
  });
  Child taker([&] {
    char byte = 0;
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ::recvmsg(pair[1], &message, 0);
  });
  maker.end();
  EXPECT_THAT(pids_of(holder_on(7003)), ElementsAre(taker.pid()));
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST_F(LiveAttribution, AProcessInAPodsCgroupIsThePods) {
  const std::string uid = fmt::format("{:08x}-1111-4222-8333-444444444444", ::getpid());
  const PodCgroup cgroup(uid);
  if (!cgroup.usable()) GTEST_SKIP() << "no writable cgroup2 mount";
  Child web([&] {
    cgroup.enter();
    static const UniqueFd kSocket = listen_on(7004);
  });
  const Holder holder = holder_on(7004);
  EXPECT_EQ(holder.owner.kind, HolderKind::pod);
  EXPECT_EQ(holder.owner.pod_uid, uid);
  EXPECT_EQ(holder.owner.container_id, std::string(64, 'c'));
  EXPECT_THAT(pids_of(holder), ElementsAre(web.pid()));
  EXPECT_EQ(builder_->work().full_scans, 0U);  // its cgroup said where to look
}

TEST_F(LiveAttribution, AProcessThatMovesToAPodIsFoundOut) {
  const std::string uid = fmt::format("{:08x}-5555-4222-8333-444444444444", ::getpid());
  const PodCgroup cgroup(uid);
  if (!cgroup.usable()) GTEST_SKIP() << "no writable cgroup2 mount";
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe2(go.data(), O_CLOEXEC), 0);
  std::array<int, 2> moved{};
  ASSERT_EQ(::pipe2(moved.data(), O_CLOEXEC), 0);
  Child web([&] {
    static const UniqueFd kSocket = listen_on(7005);
    std::thread([&] {
      char byte = 0;
      (void)!::read(go[0], &byte, 1);
      cgroup.enter();
      (void)!::write(moved[1], "x", 1);
    }).detach();
  });
  EXPECT_NE(holder_on(7005).owner.kind, HolderKind::pod);
  now_ += seconds{30};
  EXPECT_NE(holder_on(7005).owner.kind, HolderKind::pod);
  char byte = 0;
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  ASSERT_EQ(::read(moved[0], &byte, 1), 1);
  now_ += seconds{30};
  EXPECT_EQ(holder_on(7005).owner.pod_uid, uid);
  web.end();
  for (const int fd : {go[0], go[1], moved[0], moved[1]}) ::close(fd);
}

}  // namespace
}  // namespace hostnet
