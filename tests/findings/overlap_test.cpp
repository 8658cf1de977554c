#include "agent/findings/context/overlap.h"

#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

constexpr auto kYes = Overlap::yes;
constexpr auto kNo = Overlap::no;

Bind dual() {
  return {.address = ip("::"), .v6only = false};
}
Bind v6only() {
  return {.address = ip("::"), .v6only = true};
}
Bind at(std::string_view address) {
  return {.address = ip(address), .v6only = address.contains(':')};
}
Overlap tcp(const Bind& newcomer, const Bind& holder) {
  return overlap(Protocol::tcp, newcomer, holder);
}

// The rows of the matrix measured on Linux 6.18.
TEST(Overlap, ASpecificListenerStopsTheWildcard) {
  EXPECT_EQ(tcp(at("0.0.0.0"), at("127.0.0.1")), kYes);
}
TEST(Overlap, TheWildcardStopsASpecificListener) {
  EXPECT_EQ(tcp(at("127.0.0.1"), at("0.0.0.0")), kYes);
}
TEST(Overlap, TwoSpecificAddressesLiveSideBySide) {
  EXPECT_EQ(tcp(at("127.0.0.2"), at("127.0.0.1")), kNo);
}
TEST(Overlap, ADualStackWildcardHoldsIpv4Too) {
  EXPECT_EQ(tcp(at("0.0.0.0"), dual()), kYes);
}
TEST(Overlap, AV6onlyWildcardLeavesIpv4Alone) {
  EXPECT_EQ(tcp(at("0.0.0.0"), v6only()), kNo);
}
TEST(Overlap, TheIpv4WildcardStopsADualStackOneAndNotAV6onlyOne) {
  EXPECT_EQ(tcp(dual(), at("0.0.0.0")), kYes);
  EXPECT_EQ(tcp(v6only(), at("0.0.0.0")), kNo);
}
TEST(Overlap, TheIpv6LoopbackLeavesIpv4AloneAndStopsDualStack) {
  EXPECT_EQ(tcp(at("0.0.0.0"), at("::1")), kNo);
  EXPECT_EQ(tcp(dual(), at("::1")), kYes);
  EXPECT_EQ(tcp(v6only(), at("::1")), kYes);
}
TEST(Overlap, TheIpv4LoopbackStopsDualStack) {
  EXPECT_EQ(tcp(dual(), at("127.0.0.1")), kYes);
}
TEST(Overlap, AV4MappedAddressIsTheIpv4One) {
  EXPECT_EQ(tcp(at("127.0.0.1"), at("::ffff:127.0.0.1")), kYes);
  EXPECT_EQ(tcp(at("127.0.0.2"), at("::ffff:127.0.0.1")), kNo);
  EXPECT_EQ(tcp(v6only(), at("::ffff:127.0.0.1")), kNo);
  EXPECT_EQ(tcp(dual(), at("::ffff:127.0.0.1")), kYes);
}
TEST(Overlap, AnIpv6ConnectionMeetsTheWildcardOfATrueIpv4SocketOnly) {
  const Bind connected{.address = ip("fd00::1"), .v6only = false};
  EXPECT_EQ(tcp(at("0.0.0.0"), connected), kYes);
  EXPECT_EQ(tcp({.address = ip("::ffff:0.0.0.0"), .v6only = false}, connected), kNo);
  EXPECT_EQ(tcp({.address = ip("::ffff:0.0.0.0"), .v6only = false}, dual()), kYes);
}
TEST(Overlap, TwoDevicesLiveSideBySideAndNoDeviceMeetsEach) {
  Bind on_lo = at("0.0.0.0");
  on_lo.interface = 1;
  Bind on_veth = at("0.0.0.0");
  on_veth.interface = 7;
  EXPECT_EQ(tcp(on_veth, on_lo), kNo);
  EXPECT_EQ(tcp(at("0.0.0.0"), on_lo), kYes);
  EXPECT_EQ(tcp(on_veth, at("0.0.0.0")), kYes);
}
TEST(Overlap, AnOutgoingConnectionStopsWildcardsAndItsOwnAddress) {
  const Bind outgoing{.address = ip("127.0.0.1")};
  EXPECT_EQ(tcp(at("0.0.0.0"), outgoing), kYes);
  EXPECT_EQ(tcp(dual(), outgoing), kYes);
  EXPECT_EQ(tcp(at("127.0.0.1"), outgoing), kYes);
}
TEST(Overlap, AnOutgoingConnectionLeavesOtherAddressesAndV6onlyAlone) {
  const Bind outgoing{.address = ip("127.0.0.1")};
  EXPECT_EQ(tcp(at("127.0.0.2"), outgoing), kNo);
  EXPECT_EQ(tcp(v6only(), outgoing), kNo);
}
TEST(Overlap, AnOutgoingIpv6ConnectionStopsTheIpv4WildcardUnlessItIsV6only) {
  Bind outgoing{.address = ip("fd00::1"), .v6only = false};
  EXPECT_EQ(tcp(at("0.0.0.0"), outgoing), kYes);
  outgoing.v6only = true;
  EXPECT_EQ(tcp(at("0.0.0.0"), outgoing), kNo);
  outgoing.v6only.reset();
  EXPECT_EQ(tcp(at("0.0.0.0"), outgoing), Overlap::unknown);
  EXPECT_EQ(tcp(at("10.0.0.1"), outgoing), kNo);
  EXPECT_EQ(tcp(dual(), outgoing), kYes);
}
TEST(Overlap, UdpAddressesMeetAsTcpOnesDo) {
  EXPECT_EQ(overlap(Protocol::udp, at("0.0.0.0"), at("127.0.0.1")), kYes);
  EXPECT_EQ(overlap(Protocol::udp, at("127.0.0.1"), at("127.0.0.53")), kNo);
}
TEST(Overlap, AVxlanDeviceHoldsEveryAddress) {
  EXPECT_EQ(overlap(Protocol::udp, at("10.0.0.1"), at("0.0.0.0")), kYes);
  EXPECT_EQ(overlap(Protocol::udp, at("10.0.0.1"), dual()), kYes);
}
TEST(Overlap, VrfsKeepTcpPortsApartAndNotUdpPorts) {
  Bind in_vrf = at("0.0.0.0");
  in_vrf.interface = 9;
  in_vrf.vrf = 9;
  EXPECT_EQ(overlap(Protocol::tcp, at("0.0.0.0"), in_vrf), kNo);
  EXPECT_EQ(overlap(Protocol::udp, at("0.0.0.0"), in_vrf), kYes);
}

TEST(BindOf, ABoundIpv6AddressIsV6onlyByThatAndAConnectedOneIsNot) {
  Holder holder = listener("fd00::1", 80, unknown_owner());
  holder.socket.v6only.reset();
  EXPECT_EQ(bind_of(holder.socket, {}).v6only, true);
  holder.socket.state = SocketState::established;
  EXPECT_EQ(bind_of(holder.socket, {}).v6only, std::nullopt);
}
TEST(BindOf, ADeviceInAVrfGivesTheVrf) {
  Link vrf;
  vrf.index = 9;
  vrf.kind = "vrf";
  Link member;
  member.index = 10;
  member.master = 9;
  const std::vector<Link> links{vrf, member};
  Holder holder = listener("0.0.0.0", 80, unknown_owner());
  EXPECT_EQ(bind_of(holder.socket, links).vrf, 0U);
  holder.socket.interface = 10;
  EXPECT_EQ(bind_of(holder.socket, links).vrf, 9U);
  holder.socket.interface = 9;
  EXPECT_EQ(bind_of(holder.socket, links).vrf, 9U);
}
TEST(BindOf, ADeclarationForAnyAddressIsTheIpv4WildcardAndColonColonTheDualStackOne) {
  DeclaredPort port;
  port.host_ip = "0.0.0.0";
  port.address = ip("0.0.0.0");
  EXPECT_EQ(bind_of(port), at("0.0.0.0"));
  port.host_ip = "::";
  port.address = ip("::");
  EXPECT_EQ(bind_of(port), dual());
  port.host_ip = "no address";
  port.address.reset();
  EXPECT_EQ(bind_of(port), at("0.0.0.0"));
}

}  // namespace
}  // namespace hostnet
