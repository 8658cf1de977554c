#include "agent/findings/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

CheckAnswer check(const Scene& scene, std::uint16_t port, const char* address = nullptr,
                  Protocol protocol = Protocol::tcp, bool v6only = false) {
  CheckQuery query{.protocol = protocol, .port = port, .address = std::nullopt, .v6only = v6only};
  if (address != nullptr) query.address = ip(address);
  return check_port(query, scene.table, scene.pods, scene.policy, kNow);
}
Owner nginx_owner() {
  return unit_owner("nginx.service", "nginx", 8);
}

TEST(CheckPort, NothingThereIsFreeAtTheDualStackWildcard) {
  const auto answer = check({}, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::free);
  EXPECT_EQ(answer.bindable, true);
  EXPECT_EQ(answer.address, ip("::"));
  EXPECT_THAT(answer.holders, IsEmpty());
}
TEST(CheckPort, WithoutIpv6TheDefaultIsTheIpv4Wildcard) {
  Scene scene;
  std::erase_if(scene.table.addresses,
                [](const Address& row) { return row.ip.family == AddressFamily::ipv6; });
  EXPECT_EQ(check(scene, 8080).address, ip("0.0.0.0"));
}
TEST(CheckPort, AListenerInTheWayIsNamed) {
  Scene scene;
  scene.hold(listener("127.0.0.1", 8080, nginx_owner()));
  const auto answer = check(scene, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::in_use);
  EXPECT_EQ(answer.bindable, false);
  ASSERT_THAT(answer.holders, SizeIs(1));
  EXPECT_EQ(answer.explanation, "nginx.service (nginx, pid 8) listens on 127.0.0.1:8080.");
  EXPECT_EQ(check(scene, 8080, "10.0.0.1").verdict, CheckVerdict::free);
  EXPECT_EQ(check(scene, 8080, "::", Protocol::tcp, true).verdict, CheckVerdict::free);
}
TEST(CheckPort, AListenersReuseAddressChangesNothing) {
  Scene scene;
  scene.hold(listener("0.0.0.0", 8080, nginx_owner()));
  EXPECT_EQ(check(scene, 8080, "127.0.0.1").bindable, false);
}
TEST(CheckPort, ABoundSilentSocketIsUndecidedUntilItsOptionIsKnown) {
  Holder silent = listener("0.0.0.0", 8080, nginx_owner());
  silent.socket.state = SocketState::bound_inactive;
  Scene scene;
  scene.hold(silent);
  const auto answer = check(scene, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.bindable, std::nullopt);
  EXPECT_THAT(answer.explanation, HasSubstr("SO_REUSEADDR"));
  EXPECT_THAT(answer.holders, SizeIs(1));
}
TEST(CheckPort, AConnectionIsUndecidedWhereItOverlapsOnly) {
  Scene scene;
  scene.hold(connection("127.0.0.1", 40000, "127.0.0.1", 5432, nginx_owner()));
  EXPECT_EQ(check(scene, 40000).bindable, std::nullopt);
  EXPECT_EQ(check(scene, 40000, "0.0.0.0").bindable, std::nullopt);
  EXPECT_EQ(check(scene, 40000, "127.0.0.2").bindable, true);
  EXPECT_EQ(check(scene, 40000, "::", Protocol::tcp, true).bindable, true);
}
TEST(CheckPort, ReuseAddressOfASocketThatDoesNotListenDecides) {
  Holder client = connection("127.0.0.1", 40000, "127.0.0.1", 5432, nginx_owner());
  client.sharing.reuse_address = false;
  EXPECT_EQ(check(Scene().hold(client), 40000).verdict, CheckVerdict::in_use);
  client.sharing.reuse_address = true;
  EXPECT_EQ(check(Scene().hold(client), 40000).verdict, CheckVerdict::free);
  client.socket.state = SocketState::bound_inactive;
  EXPECT_EQ(check(Scene().hold(client), 40000).verdict, CheckVerdict::free);
  client.socket.state = SocketState::listen;
  EXPECT_EQ(check(Scene().hold(client), 40000).verdict, CheckVerdict::in_use);
  Holder remembered = time_wait("10.0.0.1", 40000);
  remembered.sharing.reuse_address = false;
  EXPECT_EQ(check(Scene().hold(remembered), 40000).verdict, CheckVerdict::in_use);
}
TEST(CheckPort, WhyItIsNotKnownIsSaid) {
  Holder client = connection("127.0.0.1", 40000, "127.0.0.1", 5432, nginx_owner());
  client.sharing.unknown = Reason::denied;
  EXPECT_THAT(check(Scene().hold(client), 40000).explanation, HasSubstr("denied"));
  client.sharing.unknown = Reason::vanished;
  EXPECT_THAT(check(Scene().hold(client), 40000).explanation, HasSubstr("no process has it open"));
}
TEST(CheckPort, MoreConnectionsThanWereLookedAtMakeItUnknown) {
  Scene scene;
  scene.table.coverage.partly_shown = {{Protocol::tcp, 8080}};
  const auto answer = check(scene, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.explanation, "8080/tcp has more connections than were read.");
  EXPECT_EQ(check(scene, 8081).verdict, CheckVerdict::free);
}
TEST(CheckPort, SocketsThatCouldNotBeListedMakeItUnknown) {
  Scene scene;
  scene.table.coverage.unread = {Protocol::tcp};
  const auto answer = check(scene, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.bindable, std::nullopt);
  EXPECT_EQ(answer.explanation, "The kernel did not list all tcp sockets.");
  EXPECT_EQ(check(scene, 8080, nullptr, Protocol::udp).verdict, CheckVerdict::free);
  scene.hold(listener("::", 8080, nginx_owner()));
  EXPECT_EQ(check(scene, 8080).verdict, CheckVerdict::in_use);
}
TEST(CheckPort, TimeWaitIsUndecided) {
  Scene scene;
  scene.hold(time_wait("10.0.0.1", 8080));
  EXPECT_EQ(check(scene, 8080).verdict, CheckVerdict::unknown);
}
TEST(CheckPort, AListenerBesideConnectionsDecides) {
  Scene scene;
  scene.hold(time_wait("10.0.0.1", 8080)).hold(listener("::", 8080, nginx_owner()));
  const auto answer = check(scene, 8080);
  EXPECT_EQ(answer.verdict, CheckVerdict::in_use);
  ASSERT_THAT(answer.holders, SizeIs(2));
  EXPECT_EQ(answer.holders[0].socket.state, SocketState::listen) << "the most telling first";
}
TEST(CheckPort, ARequestOfAListenerHoldsNothing) {
  Holder request = connection("10.0.0.1", 8080, "10.0.0.2", 1, unknown_owner());
  request.socket.state = SocketState::syn_recv;
  Scene scene;
  scene.hold(request);
  EXPECT_EQ(check(scene, 8080).verdict, CheckVerdict::free);
}
TEST(CheckPort, AnyUdpSocketThatOverlapsIsInThePlainNewcomersWay) {
  Scene scene;
  scene.hold(udp("127.0.0.53", 53, nginx_owner()));
  EXPECT_EQ(check(scene, 53, "0.0.0.0", Protocol::udp).verdict, CheckVerdict::in_use);
  EXPECT_EQ(check(scene, 53, "127.0.0.1", Protocol::udp).verdict, CheckVerdict::free);
  EXPECT_EQ(check(scene, 53, "0.0.0.0").verdict, CheckVerdict::free) << "TCP is another port";
  Holder client = udp("10.0.0.1", 40000, nginx_owner());
  client.socket.state = SocketState::established;
  scene.hold(client);
  EXPECT_EQ(check(scene, 40000, "0.0.0.0", Protocol::udp).verdict, CheckVerdict::in_use);
  EXPECT_EQ(check(scene, 40000, "127.0.0.1", Protocol::udp).verdict, CheckVerdict::free);
}
TEST(CheckPort, AConnectedIpv6SocketMayBeV6only) {
  Holder client = udp("fd00::1", 40000, nginx_owner());
  client.socket.state = SocketState::established;
  client.socket.v6only.reset();
  Scene scene;
  scene.hold(client);
  EXPECT_EQ(check(scene, 40000, "0.0.0.0", Protocol::udp).bindable, std::nullopt);
  EXPECT_EQ(check(scene, 40000, "::", Protocol::udp).bindable, false);
}
TEST(CheckPort, AnAddressThatTheNodeDoesNotHaveIsSaid) {
  const auto answer = check({}, 8080, "192.0.2.1");
  EXPECT_EQ(answer.verdict, CheckVerdict::no_such_address);
  EXPECT_EQ(answer.bindable, false);
  EXPECT_EQ(answer.explanation, "The node has no address 192.0.2.1.");
  for (const char* there :
       {"10.0.0.1", "127.9.9.9", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0", "224.0.0.251"}) {
    EXPECT_EQ(check({}, 8080, there).verdict, CheckVerdict::free) << there;
  }
  EXPECT_EQ(check({}, 8080, "::2").verdict, CheckVerdict::no_such_address);
}
TEST(CheckPort, AHostPortDivertsTheTraffic) {
  Pod pod = cni_pod("svclb", "uid-svclb");
  with_port(pod, 80);
  Scene scene;
  scene.add(pod);
  const auto answer = check(scene, 80);
  EXPECT_EQ(answer.verdict, CheckVerdict::diverted);
  EXPECT_EQ(answer.bindable, true);
  EXPECT_THAT(answer.declared_by, SizeIs(1));
  EXPECT_THAT(answer.explanation, HasSubstr("default/svclb"));
  scene.pods.pods.front().phase = "Pending";
  EXPECT_EQ(check(scene, 80).verdict, CheckVerdict::free);
}
TEST(CheckPort, ASidecarsHostPortDivertsNothingAsKubeletDoesNotForwardIt) {
  Pod pod = cni_pod("mesh", "uid-mesh");
  with_port(pod, 80);
  pod.containers.front().type = ContainerType::sidecar;
  Scene scene;
  scene.add(pod);
  EXPECT_EQ(check(scene, 80).verdict, CheckVerdict::free);
  EXPECT_THAT(check(scene, 80).declared_by, SizeIs(1));
}
TEST(CheckPort, AHostNetworkDeclarationDivertsNothing) {
  Pod pod = host_pod("web", "uid-web");
  with_port(pod, 80);
  Scene scene;
  scene.add(pod);
  EXPECT_EQ(check(scene, 80).verdict, CheckVerdict::free);
  EXPECT_THAT(check(scene, 80).declared_by, SizeIs(1));
}
TEST(CheckPort, RisksAreThoseOfTheNumber) {
  EXPECT_THAT(check({}, 80).risks, ElementsAre(Verdict::reserved_port));
  EXPECT_THAT(check({}, 30003).risks, ElementsAre(Verdict::in_node_port_range));
  EXPECT_THAT(check({}, 40000).risks, ElementsAre(Verdict::in_ephemeral_range));
  EXPECT_THAT(check({}, 8080).risks, IsEmpty());
}
TEST(CheckPort, SctpIsUnknownWhereTheKernelDoesNotShowIt) {
  const auto answer = check({}, 3868, nullptr, Protocol::sctp);
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.bindable, std::nullopt);
  EXPECT_THAT(answer.risks, ElementsAre(Verdict::unsupported_protocol));
}
TEST(CheckPort, TheAgentsOwnSocketIsInTheWayToo) {
  Owner agent = nginx_owner();
  agent.self = true;
  Scene scene;
  scene.hold(listener("::", 20000, agent));
  EXPECT_EQ(check(scene, 20000).verdict, CheckVerdict::in_use);
}
TEST(CheckVerdict, HasNames) {
  EXPECT_EQ(to_string(CheckVerdict::free), "free");
  EXPECT_EQ(to_string(CheckVerdict::in_use), "in_use");
  EXPECT_EQ(to_string(CheckVerdict::diverted), "diverted");
  EXPECT_EQ(to_string(CheckVerdict::no_such_address), "no_such_address");
  EXPECT_EQ(to_string(CheckVerdict::unknown), "unknown");
}

}  // namespace
}  // namespace hostnet
