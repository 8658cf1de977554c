#include "agent/pods/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kDaemonSet = R"(apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web, namespace: prod}
spec:
  template:
    spec:
      hostNetwork: yes
      containers:
      - name: web
        ports:
        - {containerPort: 0x1F90, protocol: UDP, name: a}
        - containerPort: 443
          hostPort: 443
          hostIP: 10.0.0.1
)";

TEST(Manifest, ATemplateBecomesAPodNamedAsItsWorkload) {
  const auto result = read_manifests(kDaemonSet, "web.yaml");
  EXPECT_THAT(result.errors, IsEmpty());
  ASSERT_THAT(result.objects, SizeIs(1));
  const Pod& pod = result.objects[0].pod;
  EXPECT_EQ(pod.namespace_, "prod");
  EXPECT_EQ(pod.name, "web");
  EXPECT_EQ(pod.workload, "DaemonSet/web");
  EXPECT_EQ(pod.source, "manifests");
  EXPECT_EQ(pod.origin, "web.yaml: document 1");
  EXPECT_TRUE(pod.host_network);
  ASSERT_THAT(pod.containers, SizeIs(1));
  EXPECT_THAT(
      pod.containers[0].ports,
      ElementsAre(ContainerPort{.name = "a", .protocol = Protocol::udp, .container_port = 8080},
                  ContainerPort{.protocol = Protocol::tcp,
                                .container_port = 443,
                                .host_port = 443,
                                .host_ip = "10.0.0.1"}));
  EXPECT_THAT(result.objects[0].notes.containers[0].port_lines, ElementsAre(11, 12));
}

TEST(Manifest, EveryKindWithATemplateIsRead) {
  for (const std::string kind :
       {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"}) {
    const auto result = read_manifests("kind: " + kind +
                                           "\nmetadata: {name: x}\nspec: {template: {spec: "
                                           "{containers: [{name: c, ports: [{containerPort: 1, "
                                           "hostPort: 2}]}]}}}\n",
                                       "x.yaml");
    EXPECT_THAT(result.errors, IsEmpty()) << kind;
    ASSERT_THAT(result.pods(), SizeIs(1)) << kind;
    EXPECT_EQ(result.pods()[0].workload, kind + "/x");
  }
  const auto cron = read_manifests(
      "kind: CronJob\nmetadata: {name: x}\nspec: {jobTemplate: {spec: {template: {spec: "
      "{containers: [{name: c}]}}}}}\n",
      "x.yaml");
  ASSERT_THAT(cron.pods(), SizeIs(1));
  EXPECT_EQ(cron.pods()[0].workload, "CronJob/x");
}

TEST(Manifest, DocumentsAreCountedWithoutTheEmptyOnesAndKnowTheirLines) {
  const auto result = read_manifests(
      "# a comment\n---\n---\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n"
      "--- # next\nkind: ConfigMap\ndata: {x: y}\n---\r\nkind: Pod\r\nmetadata: {name: b}\r\n"
      "spec:\r\n  containers:\r\n  - name: c\r\n    ports:\r\n    - containerPort: 0\r\n",
      "many.yaml");
  ASSERT_THAT(result.objects, SizeIs(2));
  EXPECT_EQ(result.objects[0].document, 1);
  EXPECT_EQ(result.objects[0].notes.line, 4U);
  EXPECT_EQ(result.objects[1].document, 3);
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(to_string(result.errors[0]),
            "many.yaml: document 3, line 17: spec.containers[0].ports[0].containerPort must be a "
            "number from 1 to 65535, not 0");
}

TEST(Manifest, JsonHasLinesAndManyObjectsToo) {
  const auto result = read_manifests(
      "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\\u00e9\\ud83d\\ude00\"},\n"
      "\"spec\": {\"containers\": [{\"name\": \"c\", \"ports\": [\n"
      "  {\"containerPort\": 80\n},\n  {\"containerPort\": 65536\n}]}]}}\n"
      "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"b\"}, \"spec\": {\"containers\": [{\"name\": "
      "\"d\"}]}}",
      "x.json");
  ASSERT_THAT(result.objects, SizeIs(2));
  EXPECT_EQ(result.objects[0].pod.name, "aé😀");
  EXPECT_EQ(result.objects[1].document, 2);
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].line, 5U);
}

TEST(Manifest, AFlowMappingThatIsNoJsonIsYaml) {
  const auto result =
      read_manifests("{kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}", "-");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.pods(), SizeIs(1));
}

TEST(Manifest, ListsNestAndTheItemsOfAPodListNeedNoKind) {
  const auto result = read_manifests(
      "kind: List\nitems:\n- kind: List\n  items:\n  - kind: Pod\n    metadata: {name: a}\n"
      "    spec: {containers: [{name: c}]}\n- kind: PodList\n  items:\n  - metadata: {name: b}\n"
      "    spec: {containers: [{name: c}]}\n- kind: Service\n",
      "-");
  EXPECT_THAT(result.errors, IsEmpty());
  ASSERT_THAT(result.pods(), SizeIs(2));
  EXPECT_EQ(result.pods()[1].name, "b");
}

TEST(Manifest, AnchorsAndMergeKeysAreApplied) {
  const auto result = read_manifests(
      "kind: Pod\nmetadata: &m {name: a}\nx: &base {hostNetwork: true, dnsPolicy: Default}\n"
      "spec:\n  <<: [*base, *m]\n  dnsPolicy: None\n  containers: [{name: c, ports: [&p "
      "{containerPort: 80}, {<<: *p, protocol: UDP}]}]\n",
      "-");
  EXPECT_THAT(result.errors, IsEmpty());
  ASSERT_THAT(result.pods(), SizeIs(1));
  EXPECT_TRUE(result.pods()[0].host_network);
  EXPECT_EQ(result.pods()[0].dns_policy, "None");
  ASSERT_THAT(result.pods()[0].containers[0].ports, SizeIs(2));
  EXPECT_EQ(result.pods()[0].containers[0].ports[1].container_port, 80);
}

TEST(Manifest, ASidecarIsAnInitContainerThatAlwaysRestarts) {
  const auto result = read_manifests(
      "kind: Pod\nmetadata: {name: a}\nspec:\n  initContainers:\n"
      "  - {name: i, ports: [{containerPort: 1}]}\n"
      "  - {name: s, restartPolicy: Always, ports: [{containerPort: 2}]}\n"
      "  containers: [{name: c}]\n  ephemeralContainers: [{name: e}]\n",
      "-");
  ASSERT_THAT(result.pods(), SizeIs(1));
  std::vector<ContainerType> types;
  for (const auto& container : result.objects[0].pod.containers) types.push_back(container.type);
  EXPECT_THAT(types, ElementsAre(ContainerType::init, ContainerType::sidecar,
                                 ContainerType::container, ContainerType::ephemeral));
}

TEST(Manifest, ANamespaceIsRememberedWithItsPodSecurityLabel) {
  const auto result = read_manifests(
      "kind: Namespace\nmetadata:\n  name: a\n  labels:\n"
      "    pod-security.kubernetes.io/enforce: baseline\n",
      "-");
  ASSERT_THAT(result.namespaces, SizeIs(1));
  EXPECT_EQ(result.namespaces[0].name, "a");
  EXPECT_EQ(result.namespaces[0].enforce, "baseline");
  EXPECT_EQ(result.namespaces[0].line, 5U);
}

TEST(Manifest, OtherKindsArePassedOver) {
  const auto result = read_manifests("kind: Service\nspec: {ports: [{port: 99999}]}\n", "-");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.objects, IsEmpty());
}

}  // namespace
}  // namespace hostnet
