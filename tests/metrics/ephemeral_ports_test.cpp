#include "agent/metrics/ephemeral_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/metrics/sample_report.h"
#include "tests/support/fake_clock.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

Socket socket_at(const char* address, std::uint16_t port, Protocol protocol = Protocol::tcp,
                 SocketState state = SocketState::established, const char* peer = "192.0.2.1") {
  Socket socket;
  socket.protocol = protocol;
  socket.state = state;
  socket.local = *parse_ip(address);
  socket.local_port = port;
  socket.peer = *parse_ip(peer);
  socket.peer_port = 443;
  return socket;
}

NodeBuilder node_with_ports_40000_to_40009() {
  NodeBuilder builder;
  builder.sysctl("net.ipv4.ip_local_port_range", "40000\t40009");
  builder.sysctl("net.ipv4.ip_local_reserved_ports", "8080,40008-40009");
  return builder;
}

std::uint64_t used(const EphemeralPortUse& use, const char* address,
                   Protocol protocol = Protocol::tcp) {
  const auto found = use.used.find({protocol, *parse_ip(address)});
  return found == use.used.end() ? 0 : found->second;
}

TEST(EphemeralPorts, AreCountedOncePerAddressWhateverTheState) {
  auto builder = node_with_ports_40000_to_40009();
  builder.socket(socket_at("10.0.0.1", 40000));
  builder.socket(socket_at("10.0.0.1", 40000, Protocol::tcp, SocketState::time_wait, "192.0.2.2"));
  builder.socket(socket_at("10.0.0.1", 40001, Protocol::tcp, SocketState::time_wait));
  builder.socket(socket_at("10.0.0.2", 40001));
  builder.socket(socket_at("fd00::1", 40003, Protocol::tcp, SocketState::established, "fd00::2"));
  builder.socket(socket_at("0.0.0.0", 40004, Protocol::udp, SocketState::close, "0.0.0.0"));
  const auto use = read_ephemeral_ports(builder.build());
  ASSERT_TRUE(use) << use.error().message;
  EXPECT_EQ(used(*use, "10.0.0.1"), 2U);
  EXPECT_EQ(used(*use, "10.0.0.2"), 1U);
  EXPECT_EQ(used(*use, "fd00::1"), 1U);
  EXPECT_EQ(used(*use, "0.0.0.0", Protocol::udp), 1U);
  EXPECT_EQ(used(*use, "10.0.0.1", Protocol::udp), 0U);
}

TEST(EphemeralPorts, OutsideTheRangeOrReservedAreNone) {
  auto builder = node_with_ports_40000_to_40009();
  builder.socket(socket_at("10.0.0.1", 8080));
  builder.socket(socket_at("10.0.0.1", 39999));
  builder.socket(socket_at("10.0.0.1", 40008));
  const auto use = read_ephemeral_ports(builder.build());
  ASSERT_TRUE(use);
  EXPECT_EQ(use->range, 8U);
  EXPECT_TRUE(use->used.empty());
}

TEST(EphemeralPorts, OfADualStackSocketBelongToTheIpv4Address) {
  auto builder = node_with_ports_40000_to_40009();
  builder.socket(socket_at("10.0.0.1", 40000));
  builder.socket(socket_at("::ffff:10.0.0.1", 40000, Protocol::tcp, SocketState::established,
                           "::ffff:192.0.2.9"));
  builder.socket(socket_at("::ffff:10.0.0.1", 40001, Protocol::tcp, SocketState::established,
                           "::ffff:192.0.2.9"));
  const auto use = read_ephemeral_ports(builder.build());
  ASSERT_TRUE(use);
  EXPECT_EQ(use->used.size(), 1U);
  EXPECT_EQ(used(*use, "10.0.0.1"), 2U);
}

TEST(EphemeralPorts, OfMoreAddressesThanTheLimitAreDroppedAndCounted) {
  auto builder = node_with_ports_40000_to_40009();
  for (int i = 0; i < static_cast<int>(kEphemeralAddresses) + 3; ++i) {
    const std::string address = "10.0.0." + std::to_string(i + 1);
    builder.socket(socket_at(address.c_str(), 40000));
    builder.socket(socket_at(address.c_str(), 40001));
  }
  const auto use = read_ephemeral_ports(builder.build());
  ASSERT_TRUE(use);
  EXPECT_EQ(use->used.size(), kEphemeralAddresses);
  EXPECT_EQ(use->dropped, 3U);
  const auto page = page_of(ephemeral_port_families(*use));
  EXPECT_THAT(page, HasSubstr("hostnet_ephemeral_ports_range 8\n"));
  EXPECT_THAT(page,
              HasSubstr("hostnet_ephemeral_ports_used{address=\"10.0.0.1\",protocol=\"tcp\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_series_dropped{family=\"hostnet_ephemeral_ports_used\"} 3"));
}

TEST(EphemeralPorts, WithoutTheirRangeAreNotGuessed) {
  NodeBuilder builder;
  builder.file_error("proc/sys/net/ipv4/ip_local_port_range",
                     {.reason = Reason::vanished, .message = "no such file"});
  const auto use = read_ephemeral_ports(builder.build());
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().reason, Reason::unsupported);
}

// A kernel that takes a second for each walk.
class SlowNetlink final : public Netlink {
 public:
  SlowNetlink(std::shared_ptr<Netlink> kernel, FakeClock& clock)
      : kernel_(std::move(kernel)), clock_(clock) {}
  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    return kernel_->dump(request, sink);
  }
  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    ++walks;
    clock_.advance(std::chrono::milliseconds(250));
    return kernel_->sockets(query, sink);
  }
  Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                  std::span<const unsigned> groups) override {
    return kernel_->subscribe(family, groups);
  }
  int walks{};

 private:
  std::shared_ptr<Netlink> kernel_;
  FakeClock& clock_;
};

TEST(EphemeralPorts, AreWalkedAgainOnlyAfterAHundredTimesWhatItTook) {
  auto builder = node_with_ports_40000_to_40009();
  builder.socket(socket_at("10.0.0.1", 40000));
  auto node = std::make_shared<Node>(builder.build());
  const auto clock = std::make_shared<FakeClock>();
  const auto netlink = std::make_shared<SlowNetlink>(node->netlink, *clock);
  node->clock = clock;
  node->netlink = netlink;
  auto runner = CollectorRunner::create(node, {}, [](const Collector&) { return true; }, {},
                                        {ephemeral_ports_collector(true)}, {});
  ASSERT_TRUE(runner);
  const auto scrape = [&] {
    const auto collected = (*runner)->collect(*(*runner)->filter({}, {}), std::chrono::seconds(30));
    EXPECT_TRUE(collected.outcomes.front().success());
    EXPECT_EQ(collected.parts.front()->size(), 3U);
  };
  scrape();
  EXPECT_EQ(netlink->walks, 4);
  clock->advance(std::chrono::seconds(99));
  scrape();
  EXPECT_EQ(netlink->walks, 4);
  clock->advance(std::chrono::seconds(1));
  scrape();
  EXPECT_EQ(netlink->walks, 8);
}

}  // namespace
}  // namespace hostnet
