#include "netlink/facts.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

IpAddress ip(const char* text) {
  return parse_ip(text).value();
}

TEST(IpAddress, IsSpelledAsItWasRead) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
                           "::ffff:10.0.0.1", "2001:db8:1:2:3:4:5:6"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
}

TEST(IpAddress, RefusesWhatInetPtonRefusesAndNamesIt) {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "10.0.0"sv, "10.0.0.256"sv, "010.0.0.1"sv, " 10.0.0.1"sv, "10.0.0.1:80"sv, "[::1]"sv,
        "fe80::1%eth0"sv, "localhost"sv, ":::"sv, "10.0.0.1\0x"sv, "::1\0"sv}) {
    const auto parsed = parse_ip(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, Reason::malformed);
    EXPECT_NE(parsed.error().message.find(text), std::string::npos);
  }
}

TEST(IpAddress, LoopbackIncludesAWholeIpv4NetAndItsMappedForm) {
  for (const char* text : {"127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(ip(text).is_loopback()) << text;
  }
  for (const char* text : {"128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(ip(text).is_loopback()) << text;
  }
}

TEST(IpAddress, MulticastHasItsRangesInBothFamilies) {
  for (const char* text : {"224.0.0.1", "239.255.255.255", "ff02::1"}) {
    EXPECT_TRUE(ip(text).is_multicast()) << text;
  }
  for (const char* text : {"223.255.255.255", "240.0.0.1", "fe80::1"}) {
    EXPECT_FALSE(ip(text).is_multicast()) << text;
  }
}

TEST(IpAddress, UnmappedGivesTheIpv4AddressInside) {
  EXPECT_TRUE(ip("::ffff:10.1.2.3").is_v4_mapped());
  EXPECT_EQ(ip("::ffff:10.1.2.3").unmapped(), ip("10.1.2.3"));
  EXPECT_FALSE(ip("::10.1.2.3").is_v4_mapped());
  EXPECT_EQ(ip("fe80::1").unmapped(), ip("fe80::1"));
  EXPECT_EQ(ip("10.1.2.3").unmapped(), ip("10.1.2.3"));
}

TEST(IpAddress, TheWildcardsOfTheTwoFamiliesDiffer) {
  EXPECT_TRUE(ip("0.0.0.0").is_wildcard());
  EXPECT_TRUE(ip("::").is_wildcard());
  EXPECT_NE(ip("::"), ip("0.0.0.0"));
}

TEST(Socket, ServersAreListenersAndUnconnectedUdp) {
  Socket socket;
  socket.protocol = Protocol::tcp;
  socket.state = SocketState::listen;
  EXPECT_TRUE(socket.is_server());
  socket.state = SocketState::bound_inactive;
  EXPECT_FALSE(socket.is_server());
  socket.protocol = Protocol::udp;
  socket.state = SocketState::close;
  EXPECT_TRUE(socket.is_server());
  socket.state = SocketState::established;
  EXPECT_FALSE(socket.is_server());
}

TEST(SocketState, HasAWordForEveryNumber) {
  EXPECT_EQ(to_string(SocketState::listen), "listen");
  EXPECT_EQ(to_string(SocketState::close), "bound");
  EXPECT_EQ(to_string(SocketState::bound_inactive), "bound_inactive");
  for (unsigned state = 1; state <= 13; ++state) {
    EXPECT_NE(to_string(static_cast<SocketState>(state)), "unknown") << state;
  }
  EXPECT_EQ(to_string(static_cast<SocketState>(99)), "unknown");
}

}  // namespace
}  // namespace hostnet
