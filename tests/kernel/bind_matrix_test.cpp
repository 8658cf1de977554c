// The rows of "who may bind beside whom", by name: the newcomer is a TCP
// listener with SO_REUSEADDR, or a plain UDP socket.

#include "tests/kernel/bind_case.h"

namespace hostnet {
namespace {

using namespace testing;

class BindMatrix : public BindsInOwnNamespace {
 protected:
  void expect(bool bindable, BindCase bind_case) {
    const BindAnswers got = answer({&bind_case, 1}).front();
    EXPECT_EQ(got.holders, bind_case.holders.size()) << "the holder could not be made";
    EXPECT_EQ(got.kernels, bindable) << "the kernel, " << describe(bind_case);
    EXPECT_EQ(got.agents, bindable)
        << "the agent, " << describe(bind_case) << ": " << got.explanation;
  }
  void tcp(const HolderSpec& holder, const std::string& newcomer, bool bindable,
           bool v6only = false) {
    expect(
        bindable,
        {.protocol = Protocol::tcp, .holders = {holder}, .newcomer = newcomer, .v6only = v6only});
  }
  void udp(const HolderSpec& holder, const std::string& newcomer, bool bindable) {
    expect(bindable, {.protocol = Protocol::udp, .holders = {holder}, .newcomer = newcomer});
  }
};

HolderSpec listens(const std::string& ip) {
  return {.holding = Holding::listens, .ip = ip};
}

TEST_F(BindMatrix, AListenerOnLoopbackStopsTheWildcard) {
  tcp(listens("127.0.0.1"), "0.0.0.0", false);
}
TEST_F(BindMatrix, AWildcardListenerStopsLoopback) {
  tcp(listens("0.0.0.0"), "127.0.0.1", false);
}
TEST_F(BindMatrix, AListenerOnOneAddressLeavesAnotherAlone) {
  tcp(listens("127.0.0.1"), "127.0.0.2", true);
}
TEST_F(BindMatrix, ADualStackListenerStopsIpv4) {
  tcp(listens("::"), "0.0.0.0", false);
}
TEST_F(BindMatrix, AV6onlyListenerLeavesIpv4Alone) {
  tcp({.holding = Holding::listens, .ip = "::", .v6only = true}, "0.0.0.0", true);
}
TEST_F(BindMatrix, AnIpv4ListenerStopsADualStackOneButNotV6only) {
  tcp(listens("0.0.0.0"), "::", false);
  tcp(listens("0.0.0.0"), "::", true, true);
}
TEST_F(BindMatrix, AListenerOnIpv6LoopbackStopsOnlyIpv6) {
  tcp(listens("::1"), "0.0.0.0", true);
  tcp(listens("::1"), "::", false);
}
TEST_F(BindMatrix, AListenerOnIpv4LoopbackStopsADualStackOne) {
  tcp(listens("127.0.0.1"), "::", false);
}
TEST_F(BindMatrix, AMappedAddressIsTheIpv4One) {
  tcp(listens("::ffff:127.0.0.1"), "127.0.0.1", false);
  tcp(listens("::ffff:127.0.0.1"), "127.0.0.2", true);
}
TEST_F(BindMatrix, ABoundSilentSocketStopsUnlessItHasReuseAddress) {
  tcp({.holding = Holding::binds, .ip = "0.0.0.0"}, "0.0.0.0", false);
  tcp({.holding = Holding::binds, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0", true);
}
TEST_F(BindMatrix, AReusePortListenerStopsAPlainNewcomerWhoeverItsUser) {
  tcp({.holding = Holding::listens, .ip = "0.0.0.0", .reuse_port = true}, "0.0.0.0", false);
  tcp({.holding = Holding::listens, .ip = "0.0.0.0", .reuse_port = true, .uid = 65534}, "0.0.0.0",
      false);
}
TEST_F(BindMatrix, AListenerOnADeviceStopsANewcomerOnNone) {
  tcp({.holding = Holding::listens, .ip = "0.0.0.0", .device = "lo"}, "0.0.0.0", false);
}
TEST_F(BindMatrix, AnOutgoingConnectionStopsItsAddressAndTheWildcards) {
  const HolderSpec client{.holding = Holding::connects, .ip = "0.0.0.0"};
  tcp(client, "0.0.0.0", false);
  tcp(client, "::", false);
  tcp(client, "127.0.0.1", false);
}
TEST_F(BindMatrix, AnOutgoingConnectionLeavesOtherAddressesAndV6onlyAlone) {
  const HolderSpec client{.holding = Holding::connects, .ip = "0.0.0.0"};
  tcp(client, "127.0.0.2", true);
  tcp(client, "::", true, true);
}
TEST_F(BindMatrix, AnOutgoingConnectionWithReuseAddressStopsNobody) {
  tcp({.holding = Holding::connects, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0", true);
}
TEST_F(BindMatrix, TheTimeWaitOfAClientStopsUnlessItHadReuseAddress) {
  tcp({.holding = Holding::time_wait_client, .ip = "0.0.0.0"}, "0.0.0.0", false);
  tcp({.holding = Holding::time_wait_client, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0",
      true);
}
TEST_F(BindMatrix, AnAcceptedConnectionStopsUnlessItsListenerHadReuseAddress) {
  tcp({.holding = Holding::accepted, .ip = "0.0.0.0"}, "0.0.0.0", false);
  tcp({.holding = Holding::accepted, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0", true);
}
TEST_F(BindMatrix, TheTimeWaitOfAServerStopsUnlessItsListenerHadReuseAddress) {
  tcp({.holding = Holding::time_wait_server, .ip = "0.0.0.0"}, "0.0.0.0", false);
  tcp({.holding = Holding::time_wait_server, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0",
      true);
}
TEST_F(BindMatrix, AReservedPortMayBeBound) {
  ASSERT_TRUE(std::system("echo 2000-2100 > /proc/sys/net/ipv4/ip_local_reserved_ports") == 0);
  expect(true, {.protocol = Protocol::tcp, .holders = {}, .newcomer = "0.0.0.0"});
}
TEST_F(BindMatrix, AUdpSocketOnLoopbackStopsTheWildcard) {
  udp({.holding = Holding::binds, .ip = "127.0.0.1"}, "0.0.0.0", false);
}
TEST_F(BindMatrix, AUdpSocketOnOneAddressLeavesAnotherAlone) {
  udp({.holding = Holding::binds, .ip = "127.0.0.53"}, "127.0.0.1", true);
}
TEST_F(BindMatrix, AUdpSocketWithReuseAddressStopsAPlainOne) {
  udp({.holding = Holding::binds, .ip = "0.0.0.0", .reuse_address = true}, "0.0.0.0", false);
}
TEST_F(BindMatrix, AUdpClientStopsItsAddressAndTheWildcard) {
  udp({.holding = Holding::connects, .ip = "0.0.0.0"}, "0.0.0.0", false);
  udp({.holding = Holding::connects, .ip = "0.0.0.0"}, "127.0.0.2", true);
}
TEST_F(BindMatrix, UdpAndTcpOfOneNumberAreApart) {
  const TestFd dgram = bound("0.0.0.0", 2000, {.type = SOCK_DGRAM});
  expect(true, {.protocol = Protocol::tcp, .holders = {}, .newcomer = "0.0.0.0"});
}
TEST_F(BindMatrix, AVxlanDeviceStopsUdpOnEveryAddress) {
  ASSERT_TRUE(ip("link add vx0 type vxlan id 42 dstport 2000 local 127.0.0.1 dev lo"));
  ASSERT_TRUE(ip("link set vx0 up"));
  expect(false, {.protocol = Protocol::udp, .holders = {}, .newcomer = "0.0.0.0"});
}
TEST_F(BindMatrix, AnOutgoingIpv6ConnectionThatIsNotV6onlyStopsIpv4) {
  tcp({.holding = Holding::connects, .ip = "::"}, "0.0.0.0", false);
  tcp({.holding = Holding::connects, .ip = "::", .v6only = true}, "0.0.0.0", true);
}
TEST_F(BindMatrix, AnAddressThatTheNodeDoesNotHaveIsNotBindable) {
  expect(false, {.protocol = Protocol::tcp, .holders = {}, .newcomer = "192.0.2.1"});
}

}  // namespace
}  // namespace hostnet
