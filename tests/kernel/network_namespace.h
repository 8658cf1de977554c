#pragma once

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "netlink/facts.h"
#include "netlink/live_netlink.h"

namespace hostnet::testing {

class TestFd {
 public:
  TestFd() = default;
  explicit TestFd(int fd) : fd_(fd) {}
  TestFd(TestFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TestFd& operator=(TestFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~TestFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Moves the test's thread into a network namespace with nothing but a loopback
// that is up. The namespace goes with its last thread and socket; the thread
// returns to the old one at the end of the test.
class InOwnNamespace : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "a network namespace of one's own needs root";
    before_ = TestFd(open_namespace());
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << strerror(errno);
    const rlimit files{.rlim_cur = 16384, .rlim_max = 16384};
    setrlimit(RLIMIT_NOFILE, &files);
    ASSERT_TRUE(ip("link set lo up"));
    netlink_ = live_netlink();
  }
  void TearDown() override {
    if (before_.get() >= 0) setns(before_.get(), CLONE_NEWNET);
  }

  // iproute2 in this namespace; whether it succeeded.
  static bool ip(const std::string& arguments) {
    return std::system(("ip " + arguments + " 2>/dev/null").c_str()) == 0;
  }
  Netlink& netlink() { return *netlink_; }

 private:
  static int open_namespace();

  TestFd before_;
  std::shared_ptr<Netlink> netlink_;
};

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length{};
  const sockaddr* get() const;
  sockaddr* get();
};
Endpoint endpoint(const std::string& ip, std::uint16_t port);

struct SocketSetup {
  int type = SOCK_STREAM;
  int protocol = 0;
  bool reuse_port = false;
  bool reuse_address = false;
  std::optional<bool> v6only;
  std::string device;
};
// A socket bound to ip:port; port 0 lets the kernel choose.
TestFd bound(const std::string& ip, std::uint16_t port, const SocketSetup& options = {});
TestFd listening(const std::string& ip, std::uint16_t port, const SocketSetup& options = {});
std::uint16_t local_port(const TestFd& fd);
std::uint64_t inode_of(const TestFd& fd);

}  // namespace hostnet::testing
