// The manifests of the documents that this product started from, as they were
// printed there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "agent/pods/manifest.h"
#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ManifestResult read_seed(const std::string& name) {
  std::ifstream file(fixtures() + "/seeds/" + name);
  EXPECT_TRUE(file.good()) << name;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return read_manifests(text, name);
}

std::vector<std::uint16_t> declared_by(const ManifestResult& result) {
  std::vector<std::uint16_t> ports;
  for (const Pod& pod : result.pods()) {
    for (const auto& port : declared_ports(pod)) ports.push_back(port.port);
  }
  return ports;
}

TEST(Seeds, WholeManifestsDeclareTheirPortsWithoutComplaint) {
  const std::map<std::string, std::vector<std::uint16_t>> expected{
      {"000-node-exporter-daemonset.yaml", {20000}},
      {"000-privileged-namespace.yaml", {}},
      {"001-hostnet-demo-deployment.yaml", {80}},
      {"001-network-debugger-pod.yaml", {}},
      {"001-node-agent-daemonset.yaml", {7070}},
      {"001-pod-security-configuration.yaml", {}},
      {"002-application-gateway-deployment.yaml", {30003}},
      {"002-frontend-service.yaml", {}},
      {"002-test-host-deployment.yaml", {8080}},
      {"003-nginx-hostnetwork-deployment.yaml", {80, 443}},
      {"003-nginx-hostport-deployment.yaml", {8000, 44300}},
  };
  for (const auto& [name, ports] : expected) {
    const auto result = read_seed(name);
    EXPECT_THAT(result.errors, IsEmpty()) << to_string(result.errors.front());
    EXPECT_EQ(declared_by(result), ports) << name;
  }
}

TEST(Seeds, PlaceholdersAreNamedAtTheirLine) {
  const auto result = read_seed("000-pod-with-placeholders.yaml");
  EXPECT_THAT(result.objects, IsEmpty());
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].line, 9U);
  EXPECT_THAT(result.errors[0].message, HasSubstr("\"...\" stands for something"));
}

TEST(Seeds, FragmentsAreNoObjectsAndSaySo) {
  int fragments = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures() + "/seeds")) {
    const std::string name = entry.path().filename();
    if (name.find("fragment") == std::string::npos) continue;
    ++fragments;
    const auto result = read_seed(name);
    EXPECT_THAT(result.pods(), IsEmpty()) << name;
    ASSERT_THAT(result.errors, SizeIs(1)) << name;
    EXPECT_EQ(result.errors[0].document, 1);
    // Behind its comment, the calico-node piece begins on its second line.
    EXPECT_EQ(result.errors[0].line, name.starts_with("001-calico") ? 2U : 1U) << name;
  }
  EXPECT_EQ(fragments, 11);
}

TEST(Seeds, AFragmentOfAPodIsKeptForTheLints) {
  const auto calico = read_seed("001-calico-node-fragment.yaml");
  ASSERT_THAT(calico.objects, SizeIs(1));
  EXPECT_TRUE(calico.objects[0].fragment);
  std::vector<std::uint16_t> ports;
  for (const auto& port : declared_ports(calico.objects[0].pod)) ports.push_back(port.port);
  EXPECT_THAT(ports, ElementsAre(9099, 5473));
  const auto mixed = read_seed("001-mixed-network-sidecar-fragment.yaml");
  ASSERT_THAT(mixed.objects, SizeIs(1));
  EXPECT_EQ(mixed.objects[0].notes.containers[0].host_network_line, 3U);
}

}  // namespace
}  // namespace hostnet
