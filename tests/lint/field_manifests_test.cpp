// Manifests as people have them (tests/fixtures/field/manifests; each names the report
// that it comes from): which host ports they declare, and what is said of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/lint/lint.h"
#include "agent/pods/manifest_files.h"
#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

using testing::Contains;
using testing::ElementsAreArray;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  std::string path;
  std::vector<std::string> declared;  // "8080/tcp", in the file's order
  std::vector<std::string> lints;     // "code severity", in the order of lines
};

std::vector<ManifestResult> read_path(const std::string& path) {
  const std::string full = fixtures() + "/field/manifests/" + path;
  const auto files = manifest_files(full);
  EXPECT_TRUE(files.has_value()) << path;
  std::vector<ManifestResult> read;
  for (const std::string& file : files.value_or(std::vector<std::string>{})) {
    read.push_back(file == full ? read_manifest_file(file) : read_file_of_folder(file));
  }
  return read;
}

std::vector<std::string> declared_in(const std::vector<ManifestResult>& read) {
  std::vector<std::string> declared;
  for (const ManifestResult& file : read) {
    for (const Pod& pod : file.pods()) {
      for (const DeclaredPort& port : declared_ports(pod)) {
        declared.push_back(std::to_string(port.port) + "/" + std::string(to_string(port.protocol)));
      }
    }
  }
  return declared;
}

std::vector<std::string> lints_of(const std::vector<ManifestResult>& read) {
  std::vector<std::string> lints;
  for (const Lint& lint : lint_manifests(read, default_policy(), PortRanges{})) {
    lints.push_back(lint.code + " " + std::string(to_string(lint.severity)));
  }
  return lints;
}

class FieldManifest : public testing::TestWithParam<Case> {};

TEST_P(FieldManifest, DeclaresWhatItDeclaresAndIsToldOf) {
  const auto read = read_path(GetParam().path);
  for (const ManifestResult& file : read) {
    for (const ManifestError& error : file.errors) ADD_FAILURE() << to_string(error);
  }
  EXPECT_THAT(declared_in(read), ElementsAreArray(GetParam().declared));
  EXPECT_THAT(lints_of(read), ElementsAreArray(GetParam().lints));
}

INSTANTIATE_TEST_SUITE_P(
    AsKubernetesReadsIt, FieldManifest,
    testing::Values(
        Case{"statics",
             {"8081/tcp", "8082/tcp", "8083/tcp"},
             {"dns_policy info", "dns_policy info", "dns_policy info"}},
        Case{"backup", {"6444/tcp", "6445/tcp"}, {"duplicate_object warning"}},
        Case{"zero.yaml", {"8090/tcp"}, {}}, Case{"more/host-port-zero-deployment.yaml", {}, {}},
        Case{"more/utf16le.yaml", {"8091/tcp"}, {}}, Case{"more/utf16be.yaml", {"8092/tcp"}, {}},
        Case{"more/utf8-bom.yaml", {"8093/tcp"}, {}},
        Case{"two-ips.yaml", {"1987/tcp", "1987/tcp"}, {"duplicate_declaration warning"}},
        Case{"more/two-loopbacks.yaml",
             {"55/tcp", "55/tcp", "56/tcp", "56/tcp"},
             {"duplicate_declaration warning"}},
        Case{"more/removed-cron-job.yaml", {"2381/tcp"}, {"removed_api_version warning"}},
        Case{"more/removed-daemon-set.yaml", {"5353/udp"}, {"removed_api_version warning"}},
        Case{"more/daemon-set-surge.yaml", {"8323/tcp"}, {"max_surge warning"}},
        Case{"more/deployment-one-node.yaml", {"8003/tcp"}, {"max_surge warning"}},
        Case{"more/deployment-many.yaml", {"8880/tcp"}, {}},
        Case{"more/one-for-each-architecture.yaml",
             {"8480/tcp", "8480/tcp", "8480/tcp"},
             {"duplicate_declaration warning"}},
        Case{"more/sidecar.yaml", {"8443/tcp"}, {"sidecar_host_port warning"}},
        Case{"more/misplaced.yaml", {}, {"host_access_misplaced warning"}},
        Case{"more/numbers.yaml",
             {"8080/tcp", "8081/tcp", "8082/tcp", "8083/tcp", "8084/tcp", "8085/tcp", "8086/tcp",
              "8087/tcp", "8088/tcp", "8089/tcp"},
             {}},
        Case{"more/windows.yaml", {"9100/tcp"}, {"other_os info", "other_os info"}},
        Case{"more/node-affinity.yaml",
             {"8429/tcp", "8429/tcp", "8430/tcp", "8430/tcp", "8431/tcp", "8431/tcp", "8432/tcp",
              "8432/tcp"},
             {"duplicate_declaration warning"}}));

INSTANTIATE_TEST_SUITE_P(
    OfWhateverKind, FieldManifest,
    testing::Values(
        Case{"deploymentconfig.yaml",
             {"30080/tcp"},
             {"max_surge warning", "dns_policy info", "in_node_port_range warning"}},
        Case{"volcano.yaml", {"2222/tcp"}, {"dns_policy info"}},
        Case{"more/clone-set.yaml", {"7777/udp", "7778/tcp"}, {}},
        Case{"more/rollout.yaml", {"4040/tcp"}, {"several_replicas warning", "max_surge warning"}},
        Case{"more/rollout-blue-green.yaml", {"8538/tcp"}, {"max_surge warning"}},
        Case{"more/workflow-template.yaml", {"5000/tcp", "3306/tcp"}, {}},
        Case{"more/mpi-job.yaml", {"2222/tcp"}, {}},
        Case{"more/knative-service.yaml", {"8081/tcp"}, {}},
        Case{"more/pod-template.yaml", {"18080/tcp"}, {}},
        Case{"more/openshift-template.yaml", {"5000/tcp"}, {}},
        Case{"more/lists.yaml", {"9100/tcp", "9200/tcp"}, {}}));

INSTANTIATE_TEST_SUITE_P(
    OrIsNamed, FieldManifest,
    testing::Values(Case{"more/knative-operator.yaml", {}, {"host_access_not_read info"}},
                    Case{"more/spark-application.yaml", {}, {"host_access_not_read info"}},
                    Case{"more/ingress-controller.yaml",
                         {},
                         {"host_access_not_read info", "host_access_not_read info"}},
                    Case{"more/helm-release.yaml", {}, {"host_access_not_read info"}},
                    Case{"more/kustomization.yaml", {}, {"host_access_not_read info"}},
                    Case{"more/istio-operator.yaml", {}, {"host_access_not_read info"}},
                    Case{"more/workflow-manifest.yaml",
                         {},
                         {"host_access_not_read info", "host_access_not_read info"}},
                    Case{"more/config-map.yaml",
                         {},
                         {"host_access_not_read info", "host_access_not_read info"}},
                    Case{"more/machine-config.yaml",
                         {},
                         {"host_access_not_read info", "host_access_not_read info",
                          "host_access_not_read info"}},
                    Case{"more/encoded-files.yaml",
                         {},
                         {"host_access_not_read info", "host_access_not_read info",
                          "host_access_not_read info"}},
                    Case{"more/settings-of-operators.yaml",
                         {},
                         std::vector<std::string>(8, "host_access_not_read info")},
                    Case{"more/settings-that-ask-for-nothing.yaml", {}, {}},
                    Case{"more/pod-security-policy.yaml", {}, {}}));

TEST(FieldManifests, NameWhereTheHostsNetworkIsAskedForAndNotRead) {
  const auto read = read_path("more/spark-application.yaml");
  ASSERT_EQ(read.size(), 1U);
  ASSERT_EQ(read[0].unread.size(), 1U);
  EXPECT_THAT(to_string(read[0].unread[0]),
              HasSubstr("document 1, line 6: SparkApplication spark/spark-pi: sets hostNetwork at "
                        "spec.driver.hostNetwork, and its pods are not read"));
  EXPECT_THAT(lint_manifests(read, default_policy(), PortRanges{}),
              Contains(Field(&Lint::message, HasSubstr("spec.driver.hostNetwork"))));
}

TEST(FieldManifests, SayWhereAnUpdateNeverEndsAndWhereItOnlyMayWait) {
  const auto message = [](const std::string& path) {
    const auto lints = lint_manifests(read_path(path), default_policy(), PortRanges{});
    const auto found = std::ranges::find(lints, "max_surge", &Lint::code);
    return found == lints.end() ? std::string() : found->message;
  };
  EXPECT_THAT(message("more/daemon-set-surge.yaml"), HasSubstr("the update never finishes"));
  EXPECT_THAT(message("more/deployment-one-node.yaml"), HasSubstr("the update never finishes"));
  EXPECT_THAT(message("deploymentconfig.yaml"), HasSubstr("hangs unless another eligible node"));
  EXPECT_THAT(message("more/rollout-blue-green.yaml"), HasSubstr("blueGreen"));
}

TEST(FieldManifests, FieldsThatDifferInCaseOnlyAndQuotedBooleansAreErrors) {
  const auto errors_of = [](const std::string& path) {
    std::vector<std::string> errors;
    const auto read = read_path(path);
    for (const ManifestError& error : read.front().errors) {
      errors.push_back(error.message);
    }
    return errors;
  };
  EXPECT_THAT(errors_of("more/wrong-case.yaml"),
              ElementsAreArray({"spec.template.spec.HostNetwork is no field: write hostNetwork"}));
  EXPECT_THAT(errors_of("more/quoted.yaml"), Contains(HasSubstr("must be true or false")));
}

}  // namespace
}  // namespace hostnet
