#include "tests/support/node_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/read_facts.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;

Node node_with_sshd() {
  return NodeBuilder()
      .process({.pid = 812,
                .comm = "sshd",
                .exe = "/usr/sbin/sshd",
                .cgroup = "/system.slice/ssh.service"})
      .listens(812, Protocol::tcp, "0.0.0.0", 22)
      .listens(812, Protocol::tcp, "::", 22)
      .build();
}

TEST(NodeBuilder, AServerIsASocketADescriptorAndACgroup) {
  const Node node = node_with_sshd();
  const auto sockets = read_sockets(*node.netlink, {.protocol = Protocol::tcp,
                                                    .family = AddressFamily::ipv4,
                                                    .states = state_bit(SocketState::listen),
                                                    .ports = {22}});
  ASSERT_EQ(sockets.value().size(), 1U);
  const Socket& socket = sockets->front();
  EXPECT_EQ(node.files->cgroup_path(*socket.cgroup_id).value(), "/system.slice/ssh.service");
  std::vector<SocketDescriptor> descriptors;
  ASSERT_TRUE(node.files->socket_descriptors(812, descriptors));
  ASSERT_EQ(descriptors.size(), 2U);
  EXPECT_EQ(descriptors[0].inode, socket.inode);
  EXPECT_EQ(node.files->socket_inode(812, descriptors[0].fd).value(), socket.inode);
  EXPECT_EQ(node.files->read("sys/fs/cgroup/system.slice/ssh.service/cgroup.procs").value(),
            "812\n");
  EXPECT_EQ(node.files->read("proc/812/cgroup").value(), "0::/system.slice/ssh.service\n");
  EXPECT_EQ(node.files->link("proc/812/exe").value(), "/usr/sbin/sshd");
  EXPECT_THAT(node.files->list("proc").value(), ElementsAre("1", "2", "812", "sys"));
}

TEST(NodeBuilder, WhatItSaysOverNetlinkDecodesToTheFactsItWasGiven) {
  NodeBuilder builder;
  Link vxlan;
  vxlan.name = "flannel.1";
  vxlan.kind = "vxlan";
  vxlan.alias = "overlay";
  vxlan.alternative_names = {"enp0s31f6", "ens1"};
  vxlan.mtu = 1450;
  vxlan.flags = 0x11043;
  vxlan.type = 1;
  vxlan.operstate = 6;
  vxlan.tunnel_port = 8472;
  vxlan.tunnel_link = 1;
  vxlan.carrier = true;
  vxlan.carrier_changes = 3;
  vxlan.master = 1;
  vxlan.lower_link = 1;
  vxlan.address = {2, 0, 0, 0, 0, 1};
  vxlan.broadcast = {255, 255, 255, 255, 255, 255};
  vxlan.stats.rx_bytes = 0x1'0000'0001;
  vxlan.stats.rx_nohandler = 7;
  builder.link(vxlan).address(2, "10.0.0.7", 24).address(2, "fd00::7", 64);
  Route route;
  route.family = AddressFamily::ipv4;
  route.table = 254;
  route.type = 1;
  route.destination.family = AddressFamily::ipv4;
  route.next_hops = {{.interface = 2, .gateway = parse_ip("10.0.0.1").value()},
                     {.interface = 1, .gateway = std::nullopt, .weight = 2}};
  Route plain = route;
  plain.table = 1000;
  plain.destination = parse_ip("10.9.0.0").value();
  plain.prefix_length = 16;
  plain.priority = 100;
  plain.preferred_source = parse_ip("10.0.0.7").value();
  plain.next_hops = {{.interface = 2, .gateway = std::nullopt}};
  builder.route(route).route(plain);
  const Node node = builder.build();
  EXPECT_EQ(read_links(*node.netlink).value(), builder.netlink().links);
  EXPECT_EQ(read_addresses(*node.netlink).value(), builder.netlink().addresses);
  EXPECT_EQ(read_facts<Route>(*node.netlink, routes_request(), decode_route).value(),
            builder.netlink().routes);
  EXPECT_TRUE(read_qdiscs(*node.netlink).value().empty());
}

TEST(NodeBuilder, ADumpOfSocketsDecodesToTheSocketsItWasGiven) {
  NodeBuilder builder;
  Socket waiting = server_socket(Protocol::tcp, "10.0.0.7", 443);
  waiting.state = SocketState::time_wait;
  waiting.peer = parse_ip("10.0.0.9").value();
  waiting.peer_port = 50000;
  waiting.expires_ms = 1500;
  Socket bound = server_socket(Protocol::tcp, "0.0.0.0", 444);
  bound.state = SocketState::bound_inactive;
  bound.interface = 3;
  bound.cgroup_id = 0x1'0000'0002;
  bound.cookie = 0xffff'0000'0001;
  builder.socket(waiting).socket(bound);
  const Node node = builder.build();
  std::vector<Socket> decoded;
  const auto request = socket_request(
      {.protocol = Protocol::tcp, .family = AddressFamily::ipv4, .states = kEverySocketState});
  const auto done = node.netlink->dump(
      request, {[] {},
                [&](const NetlinkMessage& message) -> Result<> {
                  decoded.push_back(decode_socket(message, Protocol::tcp).value());
                  return {};
                }});
  ASSERT_TRUE(done);
  EXPECT_EQ(decoded, builder.netlink().sockets_here);
}

TEST(NodeBuilder, TwoProcessesMayShareASocket) {
  Socket shared = server_socket(Protocol::tcp, "0.0.0.0", 80);
  shared.inode = 77;
  NodeBuilder builder;
  builder.process({.pid = 10, .comm = "nginx", .exe = "/nginx"})
      .process({.pid = 11, .comm = "nginx", .exe = "/nginx", .parent = 10})
      .holds(10, shared)
      .holds(11, shared);
  EXPECT_EQ(builder.netlink().sockets_here.size(), 1U);
  EXPECT_EQ(builder.build().files->socket_inode(11, 3).value(), 77U);
}

TEST(NodeBuilder, WhatIsHiddenIsDeniedAndWhatIsMissingIsVanished) {
  const Node node = NodeBuilder().process({.pid = 10, .comm = "x"}).hides_descriptors(10).build();
  std::vector<SocketDescriptor> descriptors;
  EXPECT_EQ(node.files->socket_descriptors(10, descriptors).error().reason, Reason::denied);
  EXPECT_EQ(node.files->socket_descriptors(99, descriptors).error().reason, Reason::vanished);
  EXPECT_EQ(node.files->link("proc/10/exe").error().reason, Reason::vanished);  // a kernel thread
  EXPECT_FALSE(node.files->exists("proc/99"));
}

TEST(NodeBuilder, ANodeDoesNotSeeWhatIsAddedAfterItWasBuilt) {
  NodeBuilder builder;
  const Node before = builder.build();
  builder.sysctl("net.core.somaxconn", "4096");
  EXPECT_FALSE(before.files->exists("proc/sys/net/core/somaxconn"));
  EXPECT_EQ(builder.build().files->read("proc/sys/net/core/somaxconn").value(), "4096\n");
}

}  // namespace
}  // namespace hostnet
