#include "agent/serve/network_filters.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

HttpRequest asking(HttpQuery query) {
  HttpRequest request;
  request.query = std::move(query);
  return request;
}

TEST(NetworkFilters, TakeNamesAndNumbers) {
  const auto filter = route_filter(asking({{"table", "local"},
                                           {"protocol", "kernel"},
                                           {"type", "6"},
                                           {"family", "ipv6"},
                                           {"device", "eth0"},
                                           {"to", "fd00::1"},
                                           {"limit", "10000"}}));
  ASSERT_TRUE(filter) << filter.error();
  EXPECT_EQ(filter->table, 255U);
  EXPECT_EQ(filter->protocol, 2);
  EXPECT_EQ(filter->type, 6);
  EXPECT_EQ(filter->family, AddressFamily::ipv6);
  EXPECT_EQ(filter->device, "eth0");
  EXPECT_EQ(filter->destination, *parse_ip("fd00::1"));
  EXPECT_EQ(filter->limit, 10000U);
  EXPECT_EQ(route_filter(asking({}))->limit, kNetworkRows);
}

TEST(NetworkFilters, NameTheParameterThatIsWrong) {
  const auto error = [](const char* name, const char* value) {
    return route_filter(asking({{name, value}})).error();
  };
  EXPECT_EQ(error("table", "mian"), "bad table 'mian': it is main, local, default or a number");
  EXPECT_EQ(error("family", "inet"), "bad family 'inet': it is ipv4 or ipv6");
  EXPECT_EQ(error("to", "10.0.0.0/8"), "bad to '10.0.0.0/8': it is an IP address");
  EXPECT_EQ(error("limit", "10001"), "bad limit '10001': it is a number from 1 to 10000");
  EXPECT_TRUE(error("protocol", "256").starts_with("bad protocol '256'"));
  EXPECT_TRUE(error("type", "").starts_with("bad type ''"));
  EXPECT_TRUE(interface_filter(asking({{"limit", "-1"}})).error().starts_with("bad limit '-1'"));
}

}  // namespace
}  // namespace hostnet
