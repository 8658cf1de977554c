#include "agent/pods/sources/node_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A node's files, in a folder of their own.
class NodeFiles : public testing::Test {
 protected:
  NodeFiles() : root_(testing::TempDir() + "node_sources_" + test_name()) {
    std::filesystem::remove_all(root_);
  }
  ~NodeFiles() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  // A client certificate for `user`, and its key, in one file as the kubelet keeps them.
  void certificate(const std::string& path, const std::string& user) const {
    write(path, "");
    const std::string file = root_ + path;
    const std::string call =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "
        "'/O=system:nodes/CN=" +
        user + "' -keyout " + file + ".key -out " + file + " 2>/dev/null && cat " + file +
        ".key >> " + file;
    ASSERT_EQ(std::system(call.c_str()), 0);
  }

  static std::string kubeconfig(const std::string& user) {
    return "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}]\n"
           "users: [{name: u, user: " +
           user + "}]\n";
  }

  NodeSources found() const { return find_node_sources(root_); }

  const std::string root_;

 private:
  static std::string test_name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
};

TEST_F(NodeFiles, WhereNothingIsNothingIsFound) {
  EXPECT_EQ(found().kubeconfig, "");
  EXPECT_THAT(found().static_pods, IsEmpty());
  EXPECT_THAT(found().passed_over, IsEmpty());
}

TEST_F(NodeFiles, TheKubeletsKubeconfigIsUsedWithTheNodesNameOfItsCertificate) {
  certificate("/etc/kubernetes/client.pem", "system:node:worker-1.example");
  write("/etc/kubernetes/kubelet.conf",
        kubeconfig("{client-certificate: client.pem, client-key: client.pem}"));
  EXPECT_EQ(found().kubeconfig, root_ + "/etc/kubernetes/kubelet.conf");
  EXPECT_EQ(found().node_name, "worker-1.example");
}

TEST_F(NodeFiles, K3sAndRke2KeepTheirsElsewhere) {
  for (const std::string distribution : {"k3s", "rke2"}) {
    const std::string folder = "/var/lib/rancher/" + distribution + "/agent/";
    certificate(folder + "client-kubelet.crt", "system:node:" + distribution);
    write(folder + "kubelet.kubeconfig",
          kubeconfig("{client-certificate: client-kubelet.crt, client-key: client-kubelet.crt}"));
    EXPECT_EQ(found().node_name, distribution);
    std::filesystem::remove_all(root_ + folder);
  }
}

TEST_F(NodeFiles, AnAdministratorsIdentityIsNeverUsed) {
  certificate("/etc/kubernetes/client.pem", "kubernetes-admin");
  write("/etc/kubernetes/kubelet.conf",
        kubeconfig("{client-certificate: client.pem, client-key: client.pem}"));
  write("/etc/kubernetes/admin.conf", kubeconfig("{token: secret}"));
  EXPECT_EQ(found().kubeconfig, "");
  EXPECT_THAT(found().passed_over,
              ElementsAre(HasSubstr("kubelet.conf: it is for 'kubernetes-admin', not for")));
}

TEST_F(NodeFiles, APluginIsNamedAndPassedOverAndTheNextOneUsed) {
  write("/etc/kubernetes/kubelet.conf", kubeconfig("{exec: {command: aws-iam-authenticator}}"));
  write("/var/lib/kubelet/kubeconfig", kubeconfig("{token: secret}"));
  const NodeSources sources = found();
  EXPECT_EQ(sources.kubeconfig, root_ + "/var/lib/kubelet/kubeconfig");
  EXPECT_EQ(sources.node_name, "");
  EXPECT_THAT(sources.passed_over,
              ElementsAre(HasSubstr("agent never does (aws-iam-authenticator)")));
}

TEST_F(NodeFiles, CredentialsThatAreGoneAreNotUsable) {
  write("/etc/kubernetes/kubelet.conf",
        kubeconfig("{client-certificate: gone.pem, client-key: gone.pem}"));
  write("/var/lib/kubelet/kubeconfig", kubeconfig("{}"));
  EXPECT_EQ(found().kubeconfig, "");
  EXPECT_THAT(found().passed_over,
              ElementsAre(HasSubstr("gone.pem: No such file"), HasSubstr("no credentials")));
}

TEST_F(NodeFiles, WithoutAKubeconfigTheStaticPodsAreAllThatIsKnownAndItIsSaid) {
  write("/etc/kubernetes/kubelet.conf", kubeconfig("{exec: {command: aws}}"));
  write("/etc/kubernetes/manifests/etcd.yaml",
        "{apiVersion: v1, kind: Pod, metadata: {name: etcd}, spec: {containers: [{name: etcd}]}}");
  PodSourceSettings settings;
  settings.search_node = settings.one_shot = true;
  settings = with_node_sources(settings, found());
  EXPECT_THAT(settings.manifests, ElementsAre(root_ + "/etc/kubernetes/manifests"));
  const auto options =
      pod_source_options(settings, "n1", [](const char*) -> const char* { return nullptr; });
  EXPECT_THAT(options.live, IsEmpty());
  const auto pods = read_pods_once(options, WallTime{});
  EXPECT_EQ(pods->pods.size(), 1U);
  ASSERT_THAT(pods->errors, ElementsAre(HasSubstr("only static pods are known")));
  EXPECT_THAT(pods->errors.front(), HasSubstr("agent never does (aws)"));
}

TEST_F(NodeFiles, NothingIsSearchedForWhoSaysWhereThePodsAre) {
  write("/var/lib/kubelet/kubeconfig", kubeconfig("{token: secret}"));
  PodSourceSettings settings;
  settings.node_name = "given";
  settings = with_node_sources(settings, found());
  EXPECT_EQ(settings.node_name, "given");
  EXPECT_EQ(settings.kubeconfig, root_ + "/var/lib/kubelet/kubeconfig");
}

}  // namespace
}  // namespace hostnet
