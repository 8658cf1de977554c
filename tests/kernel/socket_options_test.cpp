#include "netlink/node/socket_options.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>

#include "netlink/node/bound_inactive.h"
#include "netlink/node/node.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

// A process with a copy of every descriptor that we have now; it waits to be killed.
class Copy {
 public:
  Copy() : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  ~Copy() { end(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  int pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  int pid_;
};

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return std::distance(begin, {});
}

class KernelSocketOptions : public InOwnNamespace {
 protected:
  Node node_ = live_node({}).value();
  SocketOptions& options() const { return *node_.socket_options; }
};

TEST_F(KernelSocketOptions, AnotherProcessSocketTellsWhatWasSetOnIt) {
  const TestFd plain = bound("127.0.0.1", 0);
  const TestFd shared =
      bound("::", 0, {.reuse_port = true, .reuse_address = true, .v6only = true, .device = "lo"});
  const TestFd dual = bound("::", 0, {.type = SOCK_DGRAM});
  const Copy copy;
  const auto before = open_descriptors();
  EXPECT_EQ(options().read(copy.pid(), plain.get(), inode_of(plain)), BindOptions{});
  EXPECT_EQ(
      options().read(copy.pid(), shared.get(), inode_of(shared)),
      (BindOptions{.reuse_address = true, .reuse_port = true, .v6only = true, .device = "lo"}));
  EXPECT_EQ(options().read(copy.pid(), dual.get(), inode_of(dual)), BindOptions{.v6only = false});
  EXPECT_EQ(open_descriptors(), before) << "the copies are closed again";
}

TEST_F(KernelSocketOptions, ADescriptorThatIsNotThatSocketHasVanished) {
  const TestFd first = bound("127.0.0.1", 0);
  const TestFd second = bound("127.0.0.1", 0);
  Copy copy;
  const auto reason = [&](int fd, std::uint64_t inode) {
    const auto answer = options().read(copy.pid(), fd, inode);
    return answer ? Reason::internal : answer.error().reason;
  };
  EXPECT_EQ(reason(first.get(), inode_of(second)), Reason::vanished);
  EXPECT_EQ(reason(0, inode_of(first)), Reason::vanished) << "no socket";
  EXPECT_EQ(reason(16000, inode_of(first)), Reason::vanished) << "closed";
  const int pid = copy.pid();
  copy.end();
  const auto gone = options().read(pid, first.get(), inode_of(first));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().reason, Reason::vanished);
  EXPECT_THAT(gone.error().message, ::testing::HasSubstr(std::to_string(pid)));
}

TEST_F(KernelSocketOptions, WithoutTheCapabilityTheRefusalSaysSo) {
  const TestFd socket = bound("127.0.0.1", 0);
  const auto unprivileged = live_socket_options(node_.files, /*may_trace=*/false);
  const Copy roots;
  const pid_t asker = fork();
  if (asker == 0) {
    // Another user, with no capability left.
    if (setresuid(65534, 65534, 65534) != 0) _exit(2);
    const auto answer = unprivileged->read(roots.pid(), socket.get(), inode_of(socket));
    const bool said = !answer && answer.error().reason == Reason::denied &&
                      answer.error().message.find("SYS_PTRACE is missing") != std::string::npos;
    _exit(said ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(asker, &status, 0), asker);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(KernelSocketOptions, BoundInactiveSocketsAreProvenOnOnesOwn) {
  const auto proven = proves_bound_inactive(netlink());
  ASSERT_TRUE(proven);
  const TestFd silent = bound("127.0.0.1", 0);
  std::size_t seen = 0;
  ASSERT_TRUE(netlink().sockets(
      {.protocol = Protocol::tcp,
       .family = AddressFamily::ipv4,
       .states = state_bit(SocketState::bound_inactive)},
      {[] {}, [&](const Socket& socket) { seen += socket.inode == inode_of(silent) ? 1U : 0U; }}));
  EXPECT_EQ(seen == 1, *proven);
}

}  // namespace
}  // namespace hostnet
