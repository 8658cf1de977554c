// IPVS services as NatScan tells them, from answers that a kernel once gave
// (tests/fixtures/netlink/README.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <chrono>

#include "agent/ports/nat/nat_scan.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/netlink/fixture.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

constexpr std::uint16_t kIpvsFamily = 32;  // in the recorded answers

// eth0 has 192.0.2.1, kube-ipvs0 has 10.96.0.1: a NodePort and a Service.
NodeBuilder ipvs_node() {
  NodeBuilder node;
  node.link({.index = 2, .name = "eth0"})
      .link({.index = 3, .name = "kube-ipvs0", .kind = "dummy"})
      .address(2, "192.0.2.1", 24)
      .address(3, "10.96.0.1", 32)
      .file("proc/1/net/ip_vs", "IP Virtual Server version 1.2.1 (size=4096)\n");
  auto& answers = node.netlink().answers;
  answers[{NETLINK_GENERIC, GENL_ID_CTRL}] = {testing::fixture("family-ipvs")};
  answers[{NETLINK_GENERIC, kIpvsFamily}] = {testing::fixture("ipvs-services"),
                                             testing::fixture("ipvs-servers-tcp-ipv4")};
  return node;
}

class IpvsLook : public ::testing::Test {
 protected:
  PortSnapshot scan(NodeBuilder& node, seconds later) {
    PortSnapshot table;
    table.links = read_links(node.netlink()).value();
    table.addresses = read_addresses(node.netlink()).value();
    if (!nat_) {
      Node built = node.build();
      built.netlink = kernel_;
      nat_.emplace(built);
    }
    *kernel_ = node.netlink();
    now_ += later;
    nat_->scan(now_, table.links, table.addresses, table);
    return table;
  }
  static std::vector<std::string> texts(const PortSnapshot& table) {
    std::vector<std::string> out;
    for (const NatRule& rule : table.nat->rules()) out.push_back(rule.text);
    return out;
  }

 private:
  std::shared_ptr<FakeNetlink> kernel_ = std::make_shared<FakeNetlink>();
  std::optional<NatScan> nat_;
  SteadyTime now_{seconds{1000}};
};

TEST_F(IpvsLook, ANodePortIsARuleAndAServicesAddressIsNone) {
  NodeBuilder node = ipvs_node();
  const PortSnapshot table = scan(node, seconds{0});
  ASSERT_TRUE(table.nat);
  EXPECT_THAT(texts(table),
              ElementsAre("ipvs: ip daddr 192.0.2.1 tcp dport 30080 rr to 127.0.0.1:18080",
                          "ipvs: ip daddr 192.0.2.1 udp dport 30053 wrr to 127.0.0.1:18080"));
  EXPECT_TRUE(table.nat->complete());
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  EXPECT_THAT(table.coverage.limits, ElementsAre(Field(&Problem::code, "ipvs_by_mark")));
  for (const NatRule& rule : table.nat->rules()) EXPECT_EQ(rule.owner, RuleOwner::kube_proxy);
  EXPECT_EQ(table.nat->on_port(Protocol::tcp, 30080).size(), 1U);
}

TEST_F(IpvsLook, IsReadAgainAfterTenSeconds) {
  NodeBuilder node = ipvs_node();
  EXPECT_EQ(texts(scan(node, seconds{0})).size(), 2U);
  node.netlink().answers[{NETLINK_GENERIC, kIpvsFamily}] = {};
  EXPECT_EQ(texts(scan(node, seconds{9})).size(), 2U);
  EXPECT_THAT(texts(scan(node, seconds{1})), IsEmpty());
}

TEST_F(IpvsLook, WhatCannotBeReadIsAProblem) {
  NodeBuilder node = ipvs_node();
  node.netlink().failures[{NETLINK_GENERIC, kIpvsFamily}] = {.reason = Reason::timeout,
                                                             .message = "listing IPVS services"};
  const PortSnapshot table = scan(node, seconds{0});
  EXPECT_THAT(table.coverage.problems, ElementsAre(Field(&Problem::code, "nat_rules_failed")));
  EXPECT_FALSE(table.nat->complete());
}

}  // namespace
}  // namespace hostnet
