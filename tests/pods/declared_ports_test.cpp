#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pods/pod.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Container container_with(std::string name, std::vector<ContainerPort> ports,
                         ContainerType type = ContainerType::container) {
  Container container;
  container.name = std::move(name);
  container.type = type;
  container.ports = std::move(ports);
  return container;
}

Pod host_network_pod(std::vector<Container> containers) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = "web-1";
  pod.host_network = true;
  pod.containers = std::move(containers);
  return pod;
}

std::vector<std::uint16_t> ports_of(const std::vector<DeclaredPort>& declared) {
  std::vector<std::uint16_t> ports;
  for (const auto& one : declared) ports.push_back(one.port);
  return ports;
}

TEST(DeclaredPorts, UnderHostNetworkEveryContainerPortIsAHostPort) {
  const auto declared = declared_ports(host_network_pod({container_with(
      "web", {{.container_port = 8080}, {.container_port = 53, .host_port = 5353}})}));
  EXPECT_THAT(ports_of(declared), ElementsAre(8080, 5353));
  EXPECT_EQ(declared[0].mode, PortMode::host_network);
  EXPECT_EQ(declared[0].host_ip, "0.0.0.0");
  ASSERT_TRUE(declared[0].address.has_value());
  EXPECT_TRUE(declared[0].address->is_wildcard());
}

TEST(DeclaredPorts, WithoutHostNetworkOnlyHostPortsCount) {
  Pod pod = host_network_pod(
      {container_with("web", {{.container_port = 80}, {.container_port = 80, .host_port = 8080}})});
  pod.host_network = false;
  const auto declared = declared_ports(pod);
  EXPECT_THAT(ports_of(declared), ElementsAre(8080));
  EXPECT_EQ(declared[0].mode, PortMode::host_port);
  EXPECT_EQ(declared[0].container_port, 80);
}

TEST(DeclaredPorts, SidecarsCountInitAndEphemeralContainersDoNot) {
  const auto declared = declared_ports(host_network_pod({
      container_with("setup", {{.container_port = 1}}, ContainerType::init),
      container_with("proxy", {{.container_port = 2}}, ContainerType::sidecar),
      container_with("debug", {{.container_port = 3}}, ContainerType::ephemeral),
      container_with("web", {{.container_port = 4}}),
  }));
  EXPECT_THAT(ports_of(declared), ElementsAre(2, 4));
  EXPECT_EQ(declared[0].container_type, ContainerType::sidecar);
}

TEST(DeclaredPorts, AFinishedPodDeclaresNothingATerminatingOneDoes) {
  Pod pod = host_network_pod({container_with("web", {{.container_port = 80}})});
  pod.phase = "Failed";
  EXPECT_THAT(declared_ports(pod), IsEmpty());
  pod.phase = "Succeeded";
  EXPECT_THAT(declared_ports(pod), IsEmpty());
  pod.phase = "Running";
  pod.deleted_at = WallTime{};
  ASSERT_THAT(declared_ports(pod), SizeIs(1));
  EXPECT_TRUE(declared_ports(pod)[0].terminating);
}

TEST(DeclaredPorts, OnePodDeclaresAPortOnceButEachProtocolAndAddressApart) {
  const auto declared = declared_ports(host_network_pod({
      container_with("a",
                     {{.container_port = 53}, {.protocol = Protocol::udp, .container_port = 53}}),
      container_with("b", {{.container_port = 53}, {.container_port = 53, .host_ip = "10.0.0.1"}}),
  }));
  ASSERT_THAT(declared, SizeIs(3));
  EXPECT_EQ(declared[0].container, "a");
  EXPECT_EQ(declared[2].host_ip, "10.0.0.1");
}

TEST(DeclaredPorts, AHostIpThatIsNoAddressKeepsItsText) {
  const auto declared = declared_ports(
      host_network_pod({container_with("a", {{.container_port = 53, .host_ip = "localhost"}})}));
  ASSERT_THAT(declared, SizeIs(1));
  EXPECT_EQ(declared[0].host_ip, "localhost");
  EXPECT_FALSE(declared[0].address.has_value());
}

}  // namespace
}  // namespace hostnet
