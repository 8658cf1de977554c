#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Scene with_host_port(std::uint16_t port, const std::string& host_ip = "",
                     Protocol protocol = Protocol::tcp) {
  Pod pod = cni_pod("svclb-traefik", "uid-svclb");
  Scene scene;
  scene.add(with_port(pod, port, protocol, host_ip));
  return scene;
}

// apt's nginx answers 404 after k3s came.
TEST(HostportHijacksListener, AForeignListenerOnAHostPortIsHijacked) {
  Scene scene = with_host_port(80);
  scene.hold(listener("::", 80, unit_owner("nginx.service", "nginx", 8)));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
  EXPECT_EQ(scene.conflicts().front().explanation,
            "nginx.service (nginx, pid 8) listens on [::]:80, but the hostPort of "
            "default/svclb-traefik (container main) sends what arrives on 80/tcp to the pod "
            "instead.");
}

TEST(HostportHijacksListener, IsAWarningOnceThePodWasReadyForFiveMinutes) {
  Scene scene = with_host_port(80);
  ready_since(scene.pods.pods.front(), 6min);
  scene.hold(listener("0.0.0.0", 80, unit_owner("nginx.service", "nginx", 8)));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener warning"));
}

TEST(HostportHijacksListener, ABoundUdpSocketIsHijackedAndAConnectionIsNot) {
  Scene scene = with_host_port(5000, "", Protocol::udp);
  scene.hold(udp("0.0.0.0", 5000, unit_owner("app.service", "app", 8)));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("5000/udp hostport_hijacks_listener critical"));
  Scene connected = with_host_port(5000);
  connected.hold(connection("10.0.0.1", 5000, "10.0.0.2", 1, unit_owner("app.service", "app", 8)));
  EXPECT_THAT(connected.conflict_names(), IsEmpty());
}

TEST(HostportHijacksListener, KubeletsAndTheRuntimesSocketsAreTheImplementation) {
  for (const char* name : {"kubelet", "containerd", "crio", "dockerd", "docker-proxy", "k3s"}) {
    Scene scene = with_host_port(80);
    scene.hold(listener("0.0.0.0", 80, component_owner(name, 8)));
    EXPECT_THAT(scene.conflict_names(), IsEmpty()) << name;
  }
  Scene proxy = with_host_port(80);
  Owner docker_proxy = unit_owner("docker.service", "docker-proxy", 9);
  proxy.hold(listener("0.0.0.0", 80, docker_proxy));
  EXPECT_THAT(proxy.conflict_names(), IsEmpty());
}

// kubelet answers there itself: it did not open it for a pod.
TEST(HostportHijacksListener, KubeletsOwnPortIsNoImplementation) {
  Scene scene = with_host_port(10250);
  scene.hold(listener("::", 10250, component_owner("kubelet", 8)));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("10250/tcp hostport_hijacks_listener critical"));
}

TEST(HostportHijacksListener, AnotherNodeComponentIsHijackedAndNeverStopped) {
  Scene scene = with_host_port(6443);
  scene.hold(listener("::", 6443, component_owner("kube-apiserver", 8)));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("6443/tcp hostport_hijacks_listener critical"));
  EXPECT_EQ(scene.conflicts().front().remedy,
            "change the pod's port; inspect with: systemctl status kube-apiserver.service");
}

TEST(HostportHijacksListener, NeedsAnAddressThatTheRuleMatches) {
  Scene scene = with_host_port(80, "10.0.0.1");
  scene.hold(listener("127.0.0.1", 80, unit_owner("nginx.service", "nginx", 8)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostportHijacksListener, AServiceAddressOnADeviceOfItsOwnIsNone) {
  Scene scene = with_host_port(53);
  Link dummy;
  dummy.index = 5;
  dummy.name = "nodelocaldns";
  scene.table.links.push_back(dummy);
  Address address;
  address.interface = 5;
  address.ip = ip("169.254.20.10");
  address.prefix_length = 32;
  scene.table.addresses.push_back(address);
  scene.hold(listener("169.254.20.10", 53, pod_owner("uid-nld", "node-cache", 8)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostportHijacksListener, AnUnknownOwnerMayBeKubeletWhileNotEveryProcessIsSeen) {
  Scene scene = with_host_port(80);
  scene.hold(listener("0.0.0.0", 80, unknown_owner()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
  scene.table.coverage.every_owner = false;
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostPort, HasNoBindVerdictAndIsNeverNotListening) {
  Scene scene = with_host_port(8081);
  ready_since(scene.pods.pods.front(), 10min);
  EXPECT_THAT(scene.findings(), IsEmpty());
}

}  // namespace
}  // namespace hostnet
