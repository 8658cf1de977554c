#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

NodeBuilder node_with_bonds() {
  NodeBuilder builder;
  builder.file("sys/class/net/bonding_masters", "bond0 dmz gone\n");
  builder.file("sys/class/net/bond0/bonding/slaves", "eth0 eth4 eth5\n");
  builder.file("sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n");
  builder.file("sys/class/net/bond0/slave_eth4/bonding_slave/mii_status", "down\n");
  builder.file("sys/class/net/dmz/bonding/slaves", "\n");
  return builder;
}

TEST(Bonding, CountsSlavesAndThoseWithALink) {
  EXPECT_EQ(*TestCollector("bonding").page(node_with_bonds().build()),
            "# TYPE node_bonding_active gauge\n"
            "node_bonding_active{master=\"bond0\"} 1\nnode_bonding_active{master=\"dmz\"} 0\n"
            "# TYPE node_bonding_slaves gauge\n"
            "node_bonding_slaves{master=\"bond0\"} 2\nnode_bonding_slaves{master=\"dmz\"} 0\n");
}

TEST(Bonding, ASlaveThatCannotBeReadIsNotActive) {
  auto builder = node_with_bonds();
  builder.file_error("sys/class/net/bond0/lower_eth5/bonding_slave/mii_status",
                     Error{.reason = Reason::internal, .message = "I/O error"});
  EXPECT_THAT(*TestCollector("bonding").page(builder.build()),
              ::testing::HasSubstr("node_bonding_slaves{master=\"bond0\"} 3\n"));
}

TEST(Bonding, IsAbsentWithoutItsModule) {
  EXPECT_EQ(TestCollector("bonding").page(NodeBuilder().build()).error().reason,
            Reason::unsupported);
}

TEST(Bonding, NeedsNoNewlineAtTheEndOfAFile) {
  auto builder = node_with_bonds();
  const auto whole = *TestCollector("bonding").page(builder.build());
  builder.file("sys/class/net/bonding_masters", "bond0 dmz gone");
  builder.file("sys/class/net/bond0/bonding/slaves", "eth0 eth4 eth5");
  builder.file("sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up");
  EXPECT_EQ(*TestCollector("bonding").page(builder.build()), whole);
}

TEST(Bonding, NoBondIsNoError) {
  NodeBuilder builder;
  builder.file("sys/class/net/bonding_masters", "\n");
  EXPECT_EQ(*TestCollector("bonding").page(builder.build()), "");
  builder.file("sys/class/net/bonding_masters", "");
  EXPECT_EQ(*TestCollector("bonding").page(builder.build()), "");
  builder.file_error("sys/class/net/bonding_masters", failure(Reason::denied, "no").error());
  EXPECT_EQ(error_of(TestCollector("bonding"), builder.build()).reason, Reason::denied);
}

}  // namespace
}  // namespace hostnet
