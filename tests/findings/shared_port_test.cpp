// Declared ports that their pod has and shares, and sockets that are no obstacle.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Owner squatter() {
  return unit_owner("nginx.service", "nginx", 8);
}
Scene with_web(std::uint16_t port, Protocol protocol = Protocol::tcp) {
  Pod web = host_pod("web", "uid-web");
  with_port(web, port, protocol);
  Scene scene;
  scene.add(web);
  return scene;
}
Holder sharing_udp(std::string_view address, std::uint16_t port, Owner owner) {
  Holder holder = udp(address, port, std::move(owner));
  holder.sharing.reuse_port = true;
  return holder;
}

TEST(SharedPort, AForeignListenerBesideThePodsOwnIsTold) {
  Scene scene = with_web(8080);
  scene.hold(listener("0.0.0.0", 8080, pod_owner("uid-web", "web", 7)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.hold(listener("127.0.0.1", 8080, squatter()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp shared_port warning"));
  const auto finding = scene.conflicts().front();
  EXPECT_THAT(finding.explanation,
              HasSubstr("nginx.service (nginx, pid 8) listens on 127.0.0.1:8080 too"));
  ASSERT_EQ(finding.held_by.size(), 1U);
}
TEST(SharedPort, AListenerOnAnotherAddressSharesNothing) {
  Scene scene = with_web(53);
  scene.hold(listener("169.254.20.10", 53, pod_owner("uid-web", "dns", 7)))
      .hold(listener("127.0.0.53", 53, squatter()));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}
TEST(SharedPort, OnUdpOnlyReusePortShares) {
  Scene scene = with_web(4433, Protocol::udp);
  scene.hold(udp("0.0.0.0", 4433, pod_owner("uid-web", "quic", 7)));
  Scene both_reuse_address = scene;
  both_reuse_address.hold(udp("0.0.0.0", 4433, squatter()));
  EXPECT_THAT(both_reuse_address.conflict_names(), IsEmpty());
  scene.hold(sharing_udp("0.0.0.0", 4433, squatter()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("4433/udp shared_port warning"));
}
TEST(SharedPort, MulticastIsForEverybody) {
  for (const char* address : {"0.0.0.0", "224.0.0.251"}) {
    Scene scene = with_web(5353, Protocol::udp);
    scene.hold(udp(address, 5353, pod_owner("uid-web", "mdns", 7)))
        .hold(sharing_udp(address, 5353, unit_owner("avahi-daemon.service", "avahi-daemon", 8)));
    EXPECT_THAT(scene.conflict_names(), IsEmpty()) << address;
  }
}
TEST(SharedPort, ASharerThatNobodyMayNameIsNoFindingWhileSomethingIsHidden) {
  Scene scene = with_web(8080);
  scene.hold(listener("0.0.0.0", 8080, pod_owner("uid-web", "web", 7)))
      .hold(listener("0.0.0.0", 8080, unknown_owner()));
  scene.table.coverage.every_owner = false;
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(Obstacles, ASocketThatDoesNotListenAndHasReuseAddressIsNone) {
  Holder client = connection("10.0.0.1", 8080, "10.0.0.9", 443, squatter());
  EXPECT_THAT(with_web(8080).hold(client).conflict_names(),
              ElementsAre("8080/tcp ephemeral_connection critical"));
  client.sharing.reuse_address = true;
  EXPECT_THAT(with_web(8080).hold(client).conflict_names(), IsEmpty());
  client.socket.state = SocketState::bound_inactive;
  EXPECT_THAT(with_web(8080).hold(client).conflict_names(), IsEmpty());
  client.sharing.reuse_address = false;
  EXPECT_THAT(with_web(8080).hold(client).conflict_names(),
              ElementsAre("8080/tcp unmanaged_process critical"));
}
TEST(Obstacles, WhatAPodsLastServerLeftBehindIsNoneUntilItsOptionsAreKnown) {
  Holder orphan = connection("10.0.0.1", 8080, "10.0.0.9", 443, pod_owner("uid-old", "web", 7));
  orphan.socket.inode = 0;
  orphan.socket.state = SocketState::fin_wait1;
  EXPECT_THAT(with_web(8080).hold(orphan).conflict_names(), IsEmpty());
  orphan.sharing.reuse_address = false;
  EXPECT_THAT(with_web(8080).hold(orphan).conflict_names(),
              ElementsAre("8080/tcp ephemeral_connection critical"));
}
TEST(Obstacles, TimeWaitIsOneOnlyWhenNobodyListenedThereOfLate) {
  Scene scene = with_web(8080);
  scene.hold(time_wait("10.0.0.1", 8080));
  EXPECT_THAT(scene.conflict_names(), IsEmpty()) << "nobody kept count";
  scene.table.recent_listeners = {{Protocol::tcp, 8080}};
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.table.recent_listeners.emplace();
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp time_wait info"));
}

TEST(JudgeNode, NamesThePortsThatNeedAFullStateScan) {
  Pod web = host_pod("web", "uid-web");
  with_port(with_port(with_port(web, 9100), 8080), 53, Protocol::udp);
  Pod behind_nat = cni_pod("svclb", "uid-svclb");
  with_port(behind_nat, 80);
  Scene scene;
  scene.add(web).add(behind_nat);
  scene.hold(listener("0.0.0.0", 8080, pod_owner("uid-web", "web", 7)));
  const auto judged = scene.judged();
  EXPECT_THAT(judged.ports_not_listening, ElementsAre(53, 9100));
  EXPECT_EQ(judged.findings, scene.findings());
}

}  // namespace
}  // namespace hostnet
