#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "tests/collectors/collect.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(Interfaces, ShowsKindAndMaster) {
  NodeBuilder builder;
  builder.link({.index = 7, .name = "br0", .kind = "bridge"})
      .link({.index = 8, .name = "veth\"1", .kind = "veth", .master = 7})
      .link({.index = 9, .name = "eth0", .master = 4711});
  EXPECT_EQ(*TestCollector("interfaces").page(builder.build()),
            "# TYPE hostnet_interface_info gauge\n"
            "hostnet_interface_info{device=\"br0\",kind=\"bridge\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"eth0\",kind=\"\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"lo\",kind=\"\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"veth\\\"1\",kind=\"veth\",master=\"br0\"} 1\n");
}

TEST(Interfaces, SaysWhyThereIsNothing) {
  NodeBuilder builder;
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] = {
      .reason = Reason::denied, .system_error = 1, .message = "listing links: not permitted"};
  EXPECT_EQ(error_of(TestCollector("interfaces"), builder.build()).message,
            "listing links: not permitted");
}

TEST(Interfaces, ALinkThatIsCutIsNoInterface) {
  NodeBuilder builder;
  auto message = encode_link({.index = 2, .name = "eth0", .kind = "veth"});
  message.resize(message.size() - 8);
  const auto size = static_cast<std::uint32_t>(message.size());
  std::memcpy(message.data(), &size, sizeof size);
  builder.netlink().answers[{NETLINK_ROUTE, RTM_GETLINK}] = {message};
  EXPECT_EQ(error_of(TestCollector("interfaces"), builder.build()).reason, Reason::malformed);
}

}  // namespace
}  // namespace hostnet
