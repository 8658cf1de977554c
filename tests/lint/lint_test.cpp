#include "agent/lint/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string seed_text(const std::string& name) {
  std::ifstream file(fixtures() + "/seeds/" + name);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Lint> lint_texts(const std::vector<std::string>& texts) {
  std::vector<ManifestResult> input;
  for (const auto& text : texts) {
    input.push_back(read_manifests(text, "f" + std::to_string(input.size()) + ".yaml"));
  }
  return lint_manifests(input, default_policy(), PortRanges{});
}

// "code@line" of each lint: what was found and where it points.
std::vector<std::string> found_in(const std::vector<Lint>& lints) {
  std::vector<std::string> found;
  for (const auto& lint : lints) found.push_back(lint.code + "@" + std::to_string(lint.line));
  return found;
}
std::vector<std::string> found_in(const std::string& text) {
  return found_in(lint_texts({text}));
}

auto coded(std::string_view code) {
  return Field(&Lint::code, std::string(code));
}

TEST(Lint, SeedsUnknownDnsPolicyIsCriticalAndNamesTheRightOne) {
  const auto lints = lint_texts({seed_text("001-hostnet-demo-deployment.yaml")});
  EXPECT_THAT(found_in(lints),
              ElementsAre("max_surge@1", "unknown_dns_policy@16", "reserved_port@21"));
  EXPECT_THAT(
      lints, Contains(AllOf(coded("unknown_dns_policy"), Field(&Lint::severity, Severity::critical),
                            Field(&Lint::message, HasSubstr("ClusterFirstWithHostNetwork")),
                            Field(&Lint::remedy, "set dnsPolicy: ClusterFirstWithHostNet"))));
  EXPECT_THAT(found_in(seed_text("001-dns-policy-fragment.yaml")),
              ElementsAre("unknown_dns_policy@1"));
}

TEST(Lint, AUserNamespaceOfItsOwnUnderHostNetworkIsAWarning) {
  const auto pod = [](const std::string& spec) {
    return "kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec:\n" + spec +
           "  dnsPolicy: Default\n"
           "  containers: [{name: a, ports: [{containerPort: 8080}]}]\n";
  };
  EXPECT_THAT(found_in(pod("  hostNetwork: true\n  hostUsers: false\n")),
              ElementsAre("own_users@6"));
  EXPECT_THAT(found_in(pod("  hostNetwork: true\n  hostUsers: true\n")), IsEmpty());
  EXPECT_THAT(found_in(pod("  hostUsers: false\n")), IsEmpty());
}

// Sidecars' restart rules, pod-level resources, resize policies, image volumes: Kubernetes 1.33
// to 1.36.
TEST(Lint, NewerFieldsOfAPodAreNoneOfItsConcern) {
  const auto lints = lint_texts({R"(
kind: Pod
apiVersion: v1
metadata: {name: new}
spec:
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  hostnameOverride: x
  resources: {requests: {cpu: "1"}}
  containers:
    - name: web
      ports: [{containerPort: 8080}]
      resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]
      restartPolicy: Never
      restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]
      lifecycle: {stopSignal: SIGUSR1}
  initContainers: [{name: side, restartPolicy: Always, ports: [{containerPort: 9000}]}]
  volumes: [{name: m, image: {reference: "registry.example/x:1", pullPolicy: IfNotPresent}}]
)"});
  EXPECT_THAT(found_in(lints), IsEmpty());
}

TEST(Lint, SeedsPortInTheNodePortRangeIsAWarning) {
  const auto lints = lint_texts({seed_text("002-application-gateway-deployment.yaml")});
  EXPECT_THAT(found_in(lints), ElementsAre("max_surge@1", "several_replicas@9",
                                           "in_node_port_range@45", "dns_policy@57"));
  EXPECT_THAT(lints, Contains(AllOf(coded("in_node_port_range"), Field(&Lint::port, 30003),
                                    Field(&Lint::severity, Severity::warning))));
}

TEST(Lint, ANodePortsCollisionSaysWhichOfTheTwoPortsToChange) {
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, ports: "
      "[{containerPort: 80, hostPort: 31500}]}]}\n---\n";
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: LoadBalancer, "
      "externalTrafficPolicy: Local, ";
  const auto advised = [](const std::string& remedy) {
    return Contains(AllOf(coded("node_port_collision"), Field(&Lint::remedy, remedy)));
  };
  EXPECT_THAT(lint_texts({pod + service + "ports: [{port: 80, nodePort: 31500}]}"}),
              advised("choose another port here, or another nodePort there"));
  EXPECT_THAT(lint_texts({pod + service + "healthCheckNodePort: 31500, ports: [{port: 80}]}"}),
              advised("choose another port here, or another healthCheckNodePort there"));
}

TEST(Lint, SeedsStandardPortsWithClusterFirst) {
  EXPECT_THAT(found_in(seed_text("003-nginx-hostnetwork-deployment.yaml")),
              ElementsAre("max_surge@15", "reserved_port@29", "reserved_port@33", "dns_policy@38"));
  EXPECT_THAT(found_in(seed_text("003-nginx-hostport-deployment.yaml")),
              ElementsAre("max_surge@1"));
}

TEST(Lint, SeedsPiecesAreLintedToo) {
  EXPECT_THAT(found_in(seed_text("001-mixed-network-sidecar-fragment.yaml")),
              ElementsAre("container_host_network@3"));
  EXPECT_THAT(found_in(seed_text("001-calico-node-fragment.yaml")),
              ElementsAre("dns_policy@5", "reserved_port@9"));
  EXPECT_THAT(found_in(seed_text("001-network-debugger-pod.yaml")),
              ElementsAre("dns_policy@6", "no_declared_port@8"));
  EXPECT_THAT(found_in(seed_text("002-test-host-deployment.yaml")),
              ElementsAre("removed_api_version@1", "several_replicas@6", "dns_policy@19"));
  EXPECT_THAT(found_in(seed_text("001-node-agent-daemonset.yaml")), ElementsAre("dns_policy@18"));
  EXPECT_THAT(found_in(seed_text("000-node-exporter-daemonset.yaml")), IsEmpty());
}

std::string daemon_set(const std::string& ports, const std::string& more = "",
                       const std::string& name = "web") {
  return "kind: DaemonSet\nmetadata: {name: " + name + ", namespace: prod}\nspec:\n" + more +
         "  template:\n    spec:\n      hostNetwork: true\n      dnsPolicy: Default\n"
         "      containers:\n      - name: c\n        ports: [" +
         ports + "]\n";
}

TEST(Lint, AQuietDaemonSetIsQuiet) {
  EXPECT_THAT(found_in(daemon_set("{containerPort: 9100}")), IsEmpty());
}

TEST(Lint, AHostPortThatDiffersUnderHostNetworkIsCritical) {
  const auto lints = lint_texts({daemon_set("{containerPort: 9100, hostPort: 9101}")});
  EXPECT_THAT(lints, ElementsAre(AllOf(coded("host_port_mismatch"), Field(&Lint::port, 9101),
                                       Field(&Lint::severity, Severity::critical),
                                       Field(&Lint::container, "c"))));
}

TEST(Lint, EphemeralPortsAreRiskyUnlessReservedOrMerelyMapped) {
  EXPECT_THAT(found_in(daemon_set("{containerPort: 40000}")), ElementsAre("in_ephemeral_range@10"));
  const std::vector<ManifestResult> input{
      read_manifests(daemon_set("{containerPort: 40000}"), "a")};
  EXPECT_THAT(lint_manifests(input, default_policy(), {.reserved = {{39000, 41000}}}), IsEmpty());
  EXPECT_THAT(found_in("kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, ports: "
                       "[{containerPort: 80, hostPort: 40000}]}]}\n"),
              IsEmpty());
}

TEST(Lint, MaxSurgeOfADaemonSetOnlyWhenGiven) {
  const std::string port = "{containerPort: 9100}";
  EXPECT_THAT(found_in(daemon_set(port, "  updateStrategy: {rollingUpdate: {maxSurge: 1}}\n")),
              ElementsAre("max_surge@4"));
  EXPECT_THAT(found_in(daemon_set(port, "  updateStrategy: {rollingUpdate: {maxSurge: 0}}\n")),
              IsEmpty());
}

TEST(Lint, ADeploymentSurgesUnlessItMayEndAPodFirst) {
  const auto deployment = [](const std::string& strategy, int replicas = 1) {
    return "kind: Deployment\nmetadata: {name: a}\nspec:\n  strategy: " + strategy +
           "\n  replicas: " + std::to_string(replicas) +
           "\n  template: {spec: {containers: [{name: c, ports: [{containerPort: 80, hostPort: "
           "8080}]}]}}\n";
  };
  EXPECT_THAT(found_in(deployment("{type: Recreate}")), IsEmpty());
  EXPECT_THAT(found_in(deployment("{rollingUpdate: {maxSurge: 0%}}")), IsEmpty());
  EXPECT_THAT(found_in(deployment("{rollingUpdate: {maxUnavailable: 1}}")), IsEmpty());
  EXPECT_THAT(found_in(deployment("{rollingUpdate: {maxSurge: 1}}", 3)),
              ElementsAre("max_surge@4"));
  EXPECT_THAT(found_in(deployment("{rollingUpdate: {maxSurge: 1}}", 4)), IsEmpty())
      << "25 % of them may be missing: one";
  EXPECT_THAT(found_in(deployment("{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", 4)),
              ElementsAre("max_surge@4"));
  EXPECT_THAT(lint_texts({deployment("{type: RollingUpdate}")}),
              ElementsAre(Field(&Lint::message,
                                HasSubstr("hangs unless another eligible node has the host ports "
                                          "free"))));
}

TEST(Lint, OnePortTwiceInAPodIsCriticalInTwoWorkloadsAWarning) {
  const auto pod = lint_texts({daemon_set("{containerPort: 9100}, {containerPort: 9100}")});
  EXPECT_THAT(pod, ElementsAre(AllOf(coded("duplicate_declaration"),
                                     Field(&Lint::severity, Severity::critical))));
  const auto two = lint_texts(
      {daemon_set("{containerPort: 9100}"), daemon_set("{containerPort: 9100}", "", "other")});
  EXPECT_THAT(two, ElementsAre(AllOf(coded("duplicate_declaration"), Field(&Lint::file, "f1.yaml"),
                                     Field(&Lint::severity, Severity::warning),
                                     Field(&Lint::message, HasSubstr("DaemonSet/web in prod too "
                                                                     "(f0.yaml line 10)")))));
}

TEST(Lint, DifferentProtocolsAndAddressesAreNoDuplicates) {
  EXPECT_THAT(found_in(daemon_set("{containerPort: 9100}, {containerPort: 9100, protocol: UDP}, "
                                  "{containerPort: 9101, hostIP: 10.0.0.1}, "
                                  "{containerPort: 9101, hostIP: 10.0.0.2}")),
              IsEmpty());
}

TEST(Lint, ANamespaceThatDoesNotAllowHostAccessIsNamed) {
  const std::string pod = daemon_set("{containerPort: 9100}");
  const std::string labels =
      "kind: Namespace\nmetadata:\n  name: prod\n  labels:\n    "
      "pod-security.kubernetes.io/enforce: ";
  EXPECT_THAT(lint_texts({pod, labels + "baseline\n"}),
              ElementsAre(AllOf(coded("pod_security"), Field(&Lint::severity, Severity::critical),
                                Field(&Lint::file, "f0.yaml"),
                                Field(&Lint::remedy, HasSubstr("enforce=privileged")))));
  EXPECT_THAT(lint_texts({pod, "kind: Namespace\nmetadata: {name: prod}\n"}),
              ElementsAre(AllOf(coded("pod_security"), Field(&Lint::severity, Severity::warning))));
  EXPECT_THAT(lint_texts({pod, labels + "privileged\n"}), IsEmpty());
  EXPECT_THAT(lint_texts({pod, "kind: Namespace\nmetadata: {name: other}\n"}), IsEmpty());
}

TEST(Lint, AHostIpOfAllIpv6AddressesIsNotKeptApartByTheScheduler) {
  const auto with = [](std::string_view address) {
    return std::string(
               R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"m",
"ports":[{"containerPort":80,"hostPort":8080,"hostIP":")") +
           std::string(address) + R"("}]}]}})";
  };
  EXPECT_THAT(lint_texts({with("::")}),
              ElementsAre(AllOf(coded("scheduler_blind"), Field(&Lint::port, 8080),
                                Field(&Lint::severity, Severity::info))));
  EXPECT_THAT(lint_texts({with("0.0.0.0")}), IsEmpty());
}

}  // namespace
}  // namespace hostnet
