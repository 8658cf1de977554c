#include "agent/ports/scan/full_state_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/ports/scan/port_scanner.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Where a dump of more than servers costs CPU time, and sockets come and go.
class CostlyNetlink final : public Netlink {
 public:
  CostlyNetlink(FakeNetlink inner, std::shared_ptr<FakeClock> clock)
      : inner_(std::move(inner)), clock_(std::move(clock)) {}

  std::vector<Socket>& sockets_here() { return inner_.sockets_here; }
  int walks = 0;  // over the kernel's whole table, of both families and protocols

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    return inner_.dump(request, sink);
  }
  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    if ((query.states & state_bit(SocketState::established)) != 0) {
      clock_->cost(5ms);
      walks += query.protocol == Protocol::tcp && query.family == AddressFamily::ipv4 ? 1 : 0;
    }
    return inner_.sockets(query, sink);
  }
  Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                  std::span<const unsigned> groups) override {
    return inner_.subscribe(family, groups);
  }

 private:
  FakeNetlink inner_;
  std::shared_ptr<FakeClock> clock_;
};

Socket client_socket(std::uint16_t port, std::uint64_t inode) {
  Socket client = server_socket(Protocol::tcp, "10.0.0.5", port);
  client.state = SocketState::established;
  client.peer = *parse_ip("10.0.0.9");
  client.peer_port = 443;
  client.inode = inode;
  client.cookie = inode;
  return client;
}

// A node with one process and one connection, from port 9100.
class DeepLooks : public ::testing::Test {
 protected:
  DeepLooks() {
    builder_.process({.pid = 60, .comm = "curl", .exe = "/usr/bin/curl", .cgroup = "/x.service"})
        .holds(60, client_socket(9100, 500));
    node_ = builder_.build();
    netlink_ = std::make_shared<CostlyNetlink>(builder_.netlink(), builder_.clock());
    node_.netlink = netlink_;
  }

  PortSnapshot scan(std::vector<std::uint16_t> ports) {
    if (!table_) table_.emplace(node_);
    return *table_->scan({.node_components = {},
                          .network_changed = false,
                          .deep_ports = std::move(ports),
                          .deep_paced = true},
                         builder_.clock()->steady());
  }
  void options(std::uint64_t inode, Result<BindOptions> options) {
    auto fake = std::make_shared<FakeSocketOptions>();
    fake->by_inode.emplace(inode, std::move(options));
    node_.socket_options = fake;
  }

  NodeBuilder builder_;
  Node node_;
  std::shared_ptr<CostlyNetlink> netlink_;
  std::optional<PortScanner> table_;
};

TEST_F(DeepLooks, TheNextOneWaitsAHundredTimesTheCpuTimeOfTheLast) {
  EXPECT_THAT(scan({9100}).holders, SizeIs(1));
  EXPECT_EQ(netlink_->walks, 1);
  netlink_->sockets_here().push_back(client_socket(9100, 501));
  builder_.clock()->advance(1999ms);  // it took 20 ms
  EXPECT_THAT(scan({9100}).holders, SizeIs(1)) << "what the last look saw";
  EXPECT_EQ(netlink_->walks, 1);
  builder_.clock()->advance(1ms);
  EXPECT_THAT(scan({9100}).holders, SizeIs(2));
  EXPECT_EQ(netlink_->walks, 2);
}

TEST_F(DeepLooks, WhatIsNotAskedForAnyMoreIsNotShown) {
  scan({9100});
  EXPECT_THAT(scan({9200}).holders, IsEmpty());
  EXPECT_THAT(scan({9100}).holders, SizeIs(1));
  EXPECT_THAT(scan({}).holders, IsEmpty());
  builder_.clock()->advance(1h);
  EXPECT_THAT(scan({}).holders, IsEmpty());
  EXPECT_EQ(netlink_->walks, 1) << "nobody asked";
}

TEST_F(DeepLooks, BetweenTwoLooksTimeWaitRunsOut) {
  Socket closed = client_socket(9100, 0);
  closed.state = SocketState::time_wait;
  closed.cookie = 77;
  closed.expires_ms = 1500;
  netlink_->sockets_here() = {closed};
  EXPECT_EQ(scan({9100}).holders.at(0).socket.expires_ms, 1500);
  builder_.clock()->advance(1s);
  EXPECT_EQ(scan({9100}).holders.at(0).socket.expires_ms, 500);
  builder_.clock()->advance(600ms);
  EXPECT_THAT(scan({9100}).holders, IsEmpty());
}

TEST_F(DeepLooks, ASilentSocketThatBeganToListenIsThereOnce) {
  Socket& socket = netlink_->sockets_here().front();
  socket.state = SocketState::bound_inactive;
  EXPECT_EQ(scan({9100}).holders.at(0).socket.state, SocketState::bound_inactive);
  socket.state = SocketState::listen;
  const PortSnapshot table = scan({9100});
  ASSERT_THAT(table.holders, SizeIs(1));
  EXPECT_EQ(table.holders[0].socket.state, SocketState::listen);
}

TEST_F(DeepLooks, OptionsAreRememberedIntoTimeWait) {
  options(500, BindOptions{.reuse_address = true, .reuse_port = false});
  const Holder alive = scan({9100}).holders.at(0);
  EXPECT_EQ(alive.sharing, (Sharing{.reuse_address = true, .reuse_port = false}));
  Socket& socket = netlink_->sockets_here().front();
  socket.state = SocketState::time_wait;
  socket.inode = 0;
  builder_.clock()->advance(1h / 60);
  EXPECT_EQ(scan({9100}).holders.at(0).sharing, alive.sharing);
  builder_.clock()->advance(1h);
  scan({});
  EXPECT_EQ(scan({9100}).holders.at(0).sharing, (Sharing{.unknown = Reason::vanished}))
      << "not for ever";
}

TEST_F(DeepLooks, ARefusalIsAProblemThatNamesItsCause) {
  options(500, failure(Reason::denied, "reading the options of socket 500: Yama forbids it"));
  const PortSnapshot table = scan({9100});
  EXPECT_EQ(table.holders.at(0).sharing, (Sharing{.unknown = Reason::denied}));
  ASSERT_THAT(table.coverage.problems, ElementsAre(Field(&Problem::code, "socket_options_denied")));
  EXPECT_THAT(table.coverage.problems[0].message, ::testing::EndsWith(": Yama forbids it"));
}

TEST_F(DeepLooks, AConnectedIpv6SocketTellsWhetherItIsV6only) {
  Socket& socket = netlink_->sockets_here().front();
  socket.local = *parse_ip("fd00::5");
  socket.peer = *parse_ip("fd00::9");
  options(500, BindOptions{.v6only = true});
  EXPECT_EQ(scan({9100}).holders.at(0).socket.v6only, true);
}

TEST_F(DeepLooks, APortWithMoreConnectionsThanAreKeptSaysSo) {
  netlink_->sockets_here().clear();
  for (std::uint64_t i = 0; i < 300; ++i) {
    netlink_->sockets_here().push_back(client_socket(9100, 1000 + i));
  }
  const PortSnapshot table = scan({9100, 9200});
  EXPECT_THAT(table.holders, SizeIs(256));
  EXPECT_THAT(table.coverage.partly_shown,
              ElementsAre(std::pair(Protocol::tcp, std::uint16_t{9100})));
}

TEST_F(DeepLooks, SctpIsAskedForOnlyWhereTheKernelHasIt) {
  netlink_->sockets_here() = {server_socket(Protocol::sctp, "0.0.0.0", 3868)};
  PortScanner without(node_);
  const ScanOptions sctp{.node_components = {}, .network_changed = false, .sctp = true};
  EXPECT_FALSE(without.scan(sctp, builder_.clock()->steady())->coverage.sctp);
  builder_.file("proc/1/net/sctp/eps", "");
  node_.files = builder_.build().files;
  PortScanner with(node_);
  const PortSnapshot table = *with.scan(sctp, builder_.clock()->steady());
  EXPECT_TRUE(table.coverage.sctp);
  ASSERT_THAT(table.holders, SizeIs(1));
  EXPECT_EQ(table.holders[0].socket.protocol, Protocol::sctp);
}

TEST(RecentListeners, AreKnownAfterTwoMinutesOfLooking) {
  RecentListeners listeners;
  const std::vector<Socket> web{server_socket(Protocol::tcp, "0.0.0.0", 80),
                                server_socket(Protocol::udp, "0.0.0.0", 53)};
  const SteadyTime start{1h};
  listeners.see(web, start);
  EXPECT_EQ(listeners.ports(start + 119s), std::nullopt);
  listeners.see({}, start + 120s);
  EXPECT_THAT(*listeners.ports(start + 120s),
              ElementsAre(std::pair(Protocol::tcp, std::uint16_t{80})));
  listeners.see({}, start + 121s);
  EXPECT_THAT(*listeners.ports(start + 121s), IsEmpty());
}

}  // namespace
}  // namespace hostnet
