#include "agent/ports/scan/port_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <memory>
#include <random>

#include "agent/config/policy.h"
#include "tests/netlink/fixture.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr SteadyTime kNow{seconds{1000}};

ScanOptions with_default_policy() {
  ScanOptions options;
  options.node_components = default_policy().node_components;
  return options;
}

NodeBuilder small_node() {
  NodeBuilder node;
  node.process({.pid = 60, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .process({.pid = 70, .comm = "kubelet", .exe = "/usr/bin/kubelet", .cgroup = "/kubelet"})
      .listens(70, Protocol::tcp, "::", 10250)
      .listens(60, Protocol::tcp, "::", 22)
      .listens(60, Protocol::tcp, "0.0.0.0", 22)
      .listens(60, Protocol::udp, "127.0.0.1", 323)
      .sysctl("net.ipv4.ip_local_reserved_ports", "8080,9148-9150");
  return node;
}

std::vector<std::string> places_of(const PortSnapshot& table) {
  std::vector<std::string> places;
  for (const Holder& holder : table.holders) {
    places.push_back(std::string(to_string(holder.socket.protocol)) + " " +
                     holder.socket.local.to_string() + " " +
                     std::to_string(holder.socket.local_port) + " " + holder.name);
  }
  return places;
}

TEST(PortScanner, TakesTcpListenersOfBothFamiliesFromOneWalkOfTheKernel) {
  NodeBuilder builder = small_node();
  FakeNetlink& netlink = builder.netlink();
  auto& walked = netlink.answers[{NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK}];
  for (const Socket& socket : netlink.sockets_here) {
    if (socket.protocol == Protocol::tcp) walked.push_back(encode_socket(socket));
  }
  netlink.socket_failures.emplace(Protocol::tcp, Error{Reason::denied, EPERM, "asked by family"});
  const Node node = builder.build();
  const auto table = PortScanner(node).scan(with_default_policy(), kNow);
  EXPECT_THAT(places_of(*table),
              ElementsAre("tcp 0.0.0.0 22 ssh.service", "tcp :: 22 ssh.service",
                          "tcp :: 10250 kubelet", "udp 127.0.0.1 323 ssh.service"));
  EXPECT_THAT(table->coverage.problems, IsEmpty());
}

TEST(PortScanner, ListsHoldersByProtocolPortAndAddress) {
  const Node node = small_node().build();
  PortScanner builder(node);
  const PortSnapshot table = *builder.scan(with_default_policy(), kNow);
  EXPECT_THAT(places_of(table),
              ElementsAre("tcp 0.0.0.0 22 ssh.service", "tcp :: 22 ssh.service",
                          "tcp :: 10250 kubelet", "udp 127.0.0.1 323 ssh.service"));
  EXPECT_EQ(table.holders[2].owner.kind, HolderKind::node_component);
  EXPECT_TRUE(table.coverage.every_owner);
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  EXPECT_THAT(table.coverage.limits, IsEmpty());
  EXPECT_THAT(table.ranges.reserved, ElementsAre(PortRange{8080, 8080}, PortRange{9148, 9150}));
  EXPECT_THAT(table.addresses, SizeIs(2));
}

TEST(PortScanner, AFailedDumpIsAProblemAndTheRestIsThere) {
  NodeBuilder broken = small_node();
  broken.netlink().socket_failures[Protocol::udp] =
      system_failure(EPERM, "listing UDP sockets").error();
  const Node node = broken.build();
  PortScanner builder(node);
  const PortSnapshot table = *builder.scan(with_default_policy(), kNow);
  EXPECT_THAT(table.holders, SizeIs(3));
  EXPECT_THAT(table.coverage.problems, ElementsAre(Field(&Problem::code, "sock_diag_failed")));
  EXPECT_THAT(table.coverage.unread, ElementsAre(Protocol::udp));
}

TEST(PortScanner, LinksAreReadAgainWhenTheyChangedOrCouldNotBeRead) {
  NodeBuilder broken = small_node();
  broken.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] =
      system_failure(EPERM, "listing links").error();
  const Node node = broken.build();
  PortScanner builder(node);
  ScanOptions options = with_default_policy();
  options.network_changed = false;
  for (int scan = 0; scan < 2; ++scan) {
    EXPECT_THAT(builder.scan(options, kNow)->coverage.problems,
                Contains(Field(&Problem::code, "rtnetlink_failed")));
  }
}

TEST(PortScanner, ADeepLookAddsEveryStateOfItsPortsOnce) {
  NodeBuilder node = small_node();
  Socket client = server_socket(Protocol::tcp, "10.0.0.5", 22);
  client.state = SocketState::established;
  client.peer = *parse_ip("10.0.0.9");
  client.peer_port = 443;
  node.holds(60, client);
  client.local_port = 99;
  node.holds(60, client);
  const Node built = node.build();
  PortScanner builder(built);
  EXPECT_THAT(builder.scan(with_default_policy(), kNow)->holders, SizeIs(4));
  ScanOptions deep = with_default_policy();
  deep.deep_ports = {22};
  const PortSnapshot table = *builder.scan(deep, kNow);
  EXPECT_THAT(table.holders, SizeIs(5));
  EXPECT_TRUE(std::ranges::any_of(table.holders, [](const Holder& holder) {
    return holder.socket.state == SocketState::established && holder.owner.unit == "ssh.service";
  }));
}

TEST(PortScanner, AnOldKernelsBlindSpotIsALimitNotAProblem) {
  NodeBuilder old = small_node();
  old.identity().release = "6.1.0-18-amd64";
  const Node node = old.build();
  PortScanner builder(node);
  const PortSnapshot table = *builder.scan(with_default_policy(), kNow);
  EXPECT_THAT(table.coverage.limits,
              ElementsAre(Field(&Problem::code, "bound_inactive_invisible")));
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  old.identity().shows_bound_inactive = true;  // a backport: what was tried counts
  const Node patched = old.build();
  EXPECT_THAT(PortScanner(patched).scan(with_default_policy(), kNow)->coverage.limits, IsEmpty());
  EXPECT_TRUE(shows_bound_inactive("6.8.0-rc1"));
  EXPECT_TRUE(shows_bound_inactive("10.0"));
  EXPECT_FALSE(shows_bound_inactive("5.15.0"));
  EXPECT_FALSE(shows_bound_inactive("weird"));
}

TEST(PortScanner, ATunnelsHolderHasItsDevicesName) {
  NodeBuilder node;
  Link vxlan;
  vxlan.name = "flannel.1";
  vxlan.kind = "vxlan";
  vxlan.tunnel_port = 8472;
  Socket socket = server_socket(Protocol::udp, "0.0.0.0", 8472);
  socket.inode = 500;
  socket.cookie = 5;
  node.link(vxlan).socket(socket);
  const Node built = node.build();
  PortScanner builder(built);
  const PortSnapshot table = *builder.scan(with_default_policy(), kNow);
  ASSERT_THAT(table.holders, SizeIs(1));
  EXPECT_EQ(table.holders[0].name, "flannel.1");
  EXPECT_EQ(table.holders[0].device, "flannel.1");
}

TEST(PortScanner, AWireGuardSocketsHolderIsItsDevice) {
  constexpr std::uint16_t kFamily = 33;  // in the recorded answers
  NodeBuilder node;
  Socket socket = server_socket(Protocol::udp, "0.0.0.0", 51999);
  socket.inode = 500;
  socket.cookie = 5;
  node.link({.index = 6, .name = "wg0", .kind = "wireguard", .flags = IFF_UP}).socket(socket);
  node.netlink().answers[{NETLINK_GENERIC, GENL_ID_CTRL}] = {testing::fixture("family-wireguard")};
  node.netlink().answers[{NETLINK_GENERIC, kFamily}] = {testing::fixture("wireguard")};
  PortSnapshot table = *PortScanner(node.build()).scan(with_default_policy(), kNow);
  ASSERT_THAT(table.holders, SizeIs(1));
  EXPECT_EQ(table.holders[0].owner.kind, HolderKind::kernel);
  EXPECT_EQ(table.holders[0].device, "wg0");
  EXPECT_THAT(table.coverage.problems, IsEmpty());

  node.netlink().failures[{NETLINK_GENERIC, kFamily}] = {.reason = Reason::timeout, .message = "x"};
  table = *PortScanner(node.build()).scan(with_default_policy(), kNow);
  EXPECT_THAT(table.coverage.problems, ElementsAre(Field(&Problem::code, "wireguard_failed")));
}

// A node that changes after it is built.
Node changing(NodeBuilder& builder) {
  Node node = builder.build();
  node.netlink = std::shared_ptr<Netlink>(std::shared_ptr<void>(), &builder.netlink());
  node.files = std::shared_ptr<Files>(std::shared_ptr<void>(), &builder.files());
  return node;
}

// execve(), and perhaps a move.
void becomes(NodeBuilder& builder, int pid, const std::string& comm, const std::string& cgroup) {
  const std::string process = "proc/" + std::to_string(pid);
  std::string stat = builder.files().read(process + "/stat").value();
  const auto open = stat.find('(') + 1;
  stat.replace(open, stat.find(')') - open, comm);
  builder.file(process + "/stat", stat);
  builder.file(process + "/cgroup", "0::" + cgroup + "\n");
  builder.file_link(process + "/exe", "/" + comm);
}

TEST(PortScanner, AScanThatFindsNothingNewGivesTheSnapshotOfTheLast) {
  NodeBuilder builder = small_node();
  PortScanner scanner(changing(builder));
  ScanOptions options = with_default_policy();
  options.network_changed = false;
  const auto first = scanner.scan(options, kNow);
  EXPECT_EQ(scanner.scan(options, kNow + seconds{1}), first);

  builder.netlink().sockets_here.front().receive_queue = 3;  // connections wait
  const auto waiting = scanner.scan(options, kNow + seconds{2});
  EXPECT_NE(waiting, first);
  EXPECT_EQ(scanner.scan(options, kNow + seconds{3}), waiting);

  builder.sysctl("net.ipv4.ip_local_port_range", "40000\t50000");
  const auto ranged = scanner.scan(options, kNow + seconds{4});
  EXPECT_EQ(ranged->ranges.ephemeral, (PortRange{40000, 50000}));

  options.urgent_ports = {22};
  EXPECT_NE(scanner.scan(options, kNow + seconds{5}), ranged) << "what is declared counts";
}

TEST(PortScanner, AStandingRefusalIsShownAndBuildsNothingAgain) {
  NodeBuilder builder = small_node();
  PortScanner scanner(changing(builder));
  ScanOptions options = with_default_policy();
  options.network_changed = false;
  const auto told = [](std::uint64_t count) {
    return std::make_shared<const std::vector<Refusal>>(
        std::vector<Refusal>{{.protocol = Protocol::tcp, .port = 22, .count = count}});
  };
  const auto before = scanner.scan(options, kNow);
  EXPECT_EQ(before->refusals, nullptr);

  options.refusals = told(1);
  const auto refused = scanner.scan(options, kNow + seconds{1});
  ASSERT_NE(refused->refusals, nullptr);
  EXPECT_EQ(*refused->refusals, *options.refusals);
  options.refusals = told(1);  // an equal one, told anew
  EXPECT_EQ(scanner.scan(options, kNow + seconds{2}), refused);

  options.refusals = told(2);
  EXPECT_EQ(scanner.scan(options, kNow + seconds{3})->refusals->front().count, 2U);
  options.refusals = std::make_shared<const std::vector<Refusal>>();
  EXPECT_EQ(scanner.scan(options, kNow + seconds{4})->refusals, nullptr) << "it is settled";
}

TEST(PortScanner, AHolderThatBecameAnotherIsSeenThoughItsSocketIsTheSame) {
  NodeBuilder builder = small_node();
  PortScanner scanner(changing(builder));
  ScanOptions options = with_default_policy();
  options.network_changed = false;
  EXPECT_EQ(scanner.scan(options, kNow)->holders.at(0).owner.exe, "/sshd");
  becomes(builder, 60, "other", "/system.slice/ssh.service");
  EXPECT_EQ(scanner.scan(options, kNow + seconds{30})->holders.at(0).owner.exe, "/other");
}

// One keeps what did not change, the other builds all of it each time.
TEST(PortScanner, WhatIsNotBuiltAgainIsWhatWouldHaveBeenBuilt) {
  std::mt19937 random(17);  // NOLINT: the same each time
  const auto below = [&](unsigned most) { return static_cast<std::uint16_t>(random() % most); };
  const auto chance = [&](unsigned one_in) { return below(one_in) == 0; };
  NodeBuilder builder = small_node();
  auto& sockets = builder.netlink().sockets_here;
  PortScanner keeping(changing(builder));
  PortScanner building(changing(builder));
  ScanOptions options = with_default_policy();
  SteadyTime now = kNow;
  std::size_t kept = 0;
  std::shared_ptr<const PortSnapshot> before;
  for (int step = 0; step < 600; ++step) {
    if (chance(6)) {
      builder.listens(chance(2) ? 60 : 70, chance(3) ? Protocol::udp : Protocol::tcp, "0.0.0.0",
                      static_cast<std::uint16_t>(8000 + below(50)));
    }
    if (chance(6) && !sockets.empty()) sockets.erase(sockets.begin());
    if (chance(8) && !sockets.empty()) sockets.back().receive_queue = below(3);
    if (chance(20)) {
      becomes(builder, 60, chance(2) ? "sshd" : "ncat",
              chance(2) ? "/system.slice/ssh.service" : "/x.service");
    }
    if (chance(40)) options.urgent_ports = {static_cast<std::uint16_t>(8000 + below(50))};
    now += seconds{1 + below(20)};
    options.network_changed = false;
    const auto one = keeping.scan(options, now);
    options.network_changed = true;
    const auto other = building.scan(options, now);
    kept += one == before ? 1U : 0U;
    before = one;
    ASSERT_EQ(one->holders, other->holders) << "step " << step;
    ASSERT_EQ(one->coverage, other->coverage) << "step " << step;
    ASSERT_EQ(one->ranges, other->ranges) << "step " << step;
    ASSERT_EQ(one->recent_listeners, other->recent_listeners) << "step " << step;
    ASSERT_EQ(one->addresses, other->addresses) << "step " << step;
  }
  EXPECT_GT(kept, 100U);
}

}  // namespace
}  // namespace hostnet
