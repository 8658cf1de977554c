// Replies that a kernel once gave (tests/fixtures/netlink/README.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netlink/rtnetlink/rtnetlink.h"
#include "netlink/sock_diag.h"
#include "tests/netlink/fixture.h"

namespace hostnet {
namespace {

template <class T>
std::vector<T> decoded(const std::string& name,
                       Result<std::optional<T>> (*decode)(const NetlinkMessage&)) {
  std::vector<T> facts;
  const testing::Bytes bytes = testing::fixture(name);
  const Result<> walked = for_each_message(bytes, [&](const NetlinkMessage& message) -> Result<> {
    auto fact = decode(message);
    if (!fact) return std::unexpected(fact.error());
    if (*fact) facts.push_back(**fact);
    return {};
  });
  EXPECT_TRUE(walked) << walked.error().message;
  return facts;
}

std::vector<Socket> sockets_in(const std::string& name, Protocol protocol) {
  std::vector<Socket> sockets;
  const testing::Bytes bytes = testing::fixture(name);
  const Result<> walked = for_each_message(bytes, [&](const NetlinkMessage& message) -> Result<> {
    sockets.push_back(decode_socket(message, protocol).value());
    return {};
  });
  EXPECT_TRUE(walked) << walked.error().message;
  return sockets;
}

std::vector<std::string> spelled(const std::vector<Socket>& sockets) {
  std::vector<std::string> lines;
  for (const Socket& socket : sockets) {
    lines.push_back(socket.local.to_string() + " " + std::to_string(socket.local_port) + " " +
                    std::string(to_string(socket.state)));
  }
  std::ranges::sort(lines);
  return lines;
}

TEST(Recorded, Links) {
  const auto links = decoded("links", decode_link);
  std::vector<std::string> names;
  for (const Link& link : links) names.push_back(link.name + " " + link.kind);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("lo ", "one veth", "two veth", "br0 bridge",
                                                     "vx0 vxlan"));
  const Link& one = *std::ranges::find(links, "one", &Link::name);
  EXPECT_EQ(one.alias, "to the lab");
  EXPECT_EQ(one.alternative_names, std::vector<std::string>{"a-name-longer-than-fifteen"});
  EXPECT_EQ(one.mtu, 1400U);
  const Link& vxlan = *std::ranges::find(links, "vx0", &Link::name);
  EXPECT_EQ(vxlan.tunnel_port, 8472);
  EXPECT_EQ(vxlan.tunnel_link, one.index);
}

TEST(Recorded, AddressesRoutesNeighboursAndQdiscs) {
  EXPECT_THAT(decoded("addresses", decode_address),
              ::testing::Contains(::testing::Field(&Address::ip, parse_ip("2001:db8::1").value())));
  const auto routes = decoded("routes", decode_route);
  const auto multipath =
      std::ranges::find(routes, parse_ip("10.7.0.0").value(), &Route::destination);
  ASSERT_NE(multipath, routes.end());
  EXPECT_EQ(multipath->next_hops.at(1).weight, 5U);
  EXPECT_THAT(routes, ::testing::Contains(::testing::Field(&Route::table, 100000U)));
  EXPECT_THAT(decoded("neighbours-ipv4", decode_neighbour),
              ::testing::Contains(::testing::Field(&Neighbour::ip, parse_ip("10.0.0.9").value())));
  EXPECT_THAT(decoded("qdiscs", decode_qdisc),
              ::testing::Contains(::testing::Field(&Qdisc::kind, "pfifo")));
}

TEST(Recorded, SocketsInEveryState) {
  EXPECT_THAT(spelled(sockets_in("sockets-tcp-ipv4", Protocol::tcp)),
              ::testing::ElementsAre("0.0.0.0 8083 bound_inactive", "127.0.0.1 40001 established",
                                     "127.0.0.1 8080 established", "127.0.0.1 8080 listen",
                                     "127.0.0.1 8080 time_wait"));
  EXPECT_THAT(spelled(sockets_in("sockets-tcp-ipv6", Protocol::tcp)),
              ::testing::ElementsAre(":: 8081 listen", ":: 8082 listen"));
  EXPECT_THAT(spelled(sockets_in("sockets-udp-ipv4", Protocol::udp)),
              ::testing::ElementsAre("127.0.0.1 5353 bound", "127.0.0.1 5355 established"));
}

}  // namespace
}  // namespace hostnet
