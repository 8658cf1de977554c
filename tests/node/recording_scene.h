#pragma once

// What the tests of recordings record, and where.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "netlink/node/recording/recording.h"
#include "netlink/node/recording/replay.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {

inline NodeBuilder small_node() {
  NodeBuilder builder;
  builder
      .process({.pid = 812, .comm = "sshd", .exe = "/usr/sbin/sshd", .cgroup = "/system.slice/ssh"})
      .process({.pid = 900, .comm = "hidden"})
      .listens(812, Protocol::tcp, "0.0.0.0", 22)
      .listens(812, Protocol::tcp, "::", 22)
      .listens(812, Protocol::udp, "127.0.0.1", 53)
      .hides_descriptors(900)
      .sysctl("net.ipv4.ip_local_port_range", "32768\t60999")
      .address(1, "10.0.0.7", 24);
  Socket bound = server_socket(Protocol::tcp, "0.0.0.0", 9000);
  bound.state = SocketState::bound_inactive;
  bound.drops = 5;
  builder.holds(812, bound);
  return builder;
}

class Recording : public ::testing::Test {
 protected:
  TemporaryDirectory temporary_;
  std::string directory_ = temporary_ / "recording";

  std::string index_text() const {
    std::ifstream in(directory_ + "/index.json");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Error replaying(const std::string& index) const {
    temporary_.write("recording/index.json", index);
    const auto node = replayed_node(directory_);
    return node ? Error{} : node.error();
  }
};

}  // namespace hostnet
