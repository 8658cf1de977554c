#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/node/node.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_ethtool.h"
#include "tests/support/fake_netlink.h"
#include "tests/support/fake_socket_options.h"
#include "tests/support/memory_files.h"

namespace hostnet {

// A process as /proc shows it. `exe` empty: a kernel thread.
struct FakeProcess {
  int pid{};
  std::string comm;
  std::string exe;
  std::string cgroup = "/";  // its cgroup-v2 directory, as the root sees it
  int parent = 1;
  std::uint32_t uid{};
  std::uint64_t start_ticks = 1000;  // field 22 of proc/<pid>/stat
  // Who may write the program and its folder; others than root make it nobody's component.
  std::uint32_t exe_uid{};
  std::string cgroup_file;  // what proc/<pid>/cgroup says; empty: "0::<cgroup>\n"
};

// A server's socket: TCP in LISTEN, others bound; a dual-stack one for "::".
Socket server_socket(Protocol protocol, std::string_view ip, std::uint16_t port);

// A node put together from facts, for tests:
//
//   const Node node = NodeBuilder()
//       .process({.pid = 812, .comm = "sshd", .exe = "/usr/sbin/sshd",
//                 .cgroup = "/system.slice/ssh.service"})
//       .listens(812, Protocol::tcp, "0.0.0.0", 22)
//       .build();
//
// It begins with pid 1 (systemd), a loopback interface, every capability and
// the agent in the namespaces of pid 1. A process is added before its sockets.
class NodeBuilder {
 public:
  NodeBuilder();

  NodeBuilder& process(FakeProcess process);
  // A socket of that process, in its cgroup, with an inode, cookie and
  // descriptor of its own where `socket` says none. Call again with an inode
  // that is set for a process that shares the socket.
  NodeBuilder& holds(int pid, Socket socket);
  NodeBuilder& listens(int pid, Protocol protocol, std::string_view ip, std::uint16_t port);
  // A socket just as it is: of the kernel, of another namespace's process.
  NodeBuilder& socket(const Socket& socket);
  // What was set on the socket with that inode; others' options cannot be had.
  NodeBuilder& options(std::uint64_t inode, Result<BindOptions> options);
  // The descriptors of that process may not be read (Reason::denied).
  NodeBuilder& hides_descriptors(int pid);
  // Makes a cgroup-v2 directory and its parents; the same path, the same id.
  std::uint64_t cgroup(const std::string& path);

  // Interfaces count from 2 (1 is "lo") where `index` is 0.
  NodeBuilder& link(Link link);
  NodeBuilder& address(std::uint32_t interface, std::string_view ip, std::uint8_t prefix_length);
  NodeBuilder& route(Route route);
  NodeBuilder& file(std::string path, std::string contents);  // "proc/..." or "sys/..."
  NodeBuilder& file_link(std::string path, std::string target);
  NodeBuilder& sysctl(std::string_view name, std::string_view value);  // "net.ipv4.ip_forward"
  NodeBuilder& file_error(std::string path, Error error);
  NodeBuilder& capabilities(std::uint64_t effective);  // bits CAP_*

  // Whatever the above do not say.
  MemoryFiles& files() { return *files_; }
  FakeNetlink& netlink() { return *netlink_; }
  FakeEthtool& ethtool() { return *ethtool_; }
  Identity& identity() { return identity_; }
  const std::shared_ptr<FakeClock>& clock() const { return clock_; }

  // Nodes already built do not see what is added later.
  Node build() const;
  // All of it as a recording, by leading a recorder over build().
  Result<> write_recording(const std::string& directory) const;

 private:
  FakeProcess* find_process(int pid);
  void write_cgroup_members(const std::string& path);

  std::shared_ptr<MemoryFiles> files_ = std::make_shared<MemoryFiles>();
  std::shared_ptr<FakeNetlink> netlink_ = std::make_shared<FakeNetlink>();
  std::shared_ptr<FakeSocketOptions> options_ = std::make_shared<FakeSocketOptions>();
  std::shared_ptr<FakeEthtool> ethtool_ = std::make_shared<FakeEthtool>();
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  Identity identity_;
  std::vector<FakeProcess> processes_;
  std::map<int, std::vector<SocketDescriptor>> descriptors_;
  std::map<std::string, std::uint64_t> cgroups_;
  std::map<std::string, std::string> cgroup_members_;  // text of cgroup.procs
  std::uint64_t next_inode_ = 20'000;
  std::uint64_t next_cookie_ = 1;
};

}  // namespace hostnet
