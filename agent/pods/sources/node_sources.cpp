#include "agent/pods/sources/node_sources.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "agent/kube/certificate_name.h"
#include "agent/kube/cluster_access.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 9> kKubeconfigs{
    "/etc/kubernetes/kubelet.conf",                    // kubeadm
    "/var/lib/kubelet/kubeconfig",                     // EKS, AKS, GKE, OpenShift, kOps
    "/var/lib/kubelet/kubeconfig.conf",                //
    "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",   // k3s
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",  // rke2
    "/var/lib/k0s/kubelet.conf",                       // k0s
    "/var/snap/microk8s/current/credentials/kubelet.config",
    "/etc/kubernetes/kubeconfig-kubelet",  // Talos
    "/etc/kubernetes/kubelet/kubeconfig",  // Bottlerocket
};
constexpr std::array<std::string_view, 5> kStaticPods{
    "/etc/kubernetes/manifests",                  // kubeadm
    "/var/lib/rancher/k3s/agent/pod-manifests",   // k3s
    "/var/lib/rancher/rke2/agent/pod-manifests",  // rke2
    "/etc/kubelet.d",                             // kOps, Flatcar
    "/var/lib/k0s/manifests-static",              //
};
constexpr std::string_view kNodeUser = "system:node:";

// Without search permission for the folder, the file may exist.
bool may_be_there(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 || errno == EACCES;
}

// The node's name from the certificate; "" if there is no certificate.
Result<std::string> node_of(const std::string& file) {
  const auto access = read_kubeconfig(file);
  if (!access) return std::unexpected(access.error());
  const auto certificate = read_credential(access->certificate);
  if (!certificate) return std::unexpected(certificate.error());
  if (const auto key = read_credential(access->key); !key) return std::unexpected(key.error());
  if (access->certificate.empty()) {
    const auto token = read_credential(access->token);
    if (!token) return std::unexpected(token.error());
    if (token->empty()) return failure(Reason::malformed, "it has no credentials");
    return std::string();
  }
  const std::string name = certificate_name(*certificate);
  if (!name.starts_with(kNodeUser)) {
    return failure(Reason::denied, fmt::format("it is for '{}', not for a kubelet", name));
  }
  return name.substr(kNodeUser.size());
}

}  // namespace

NodeSources find_node_sources(const std::string& root) {
  NodeSources found;
  for (const std::string_view path : kKubeconfigs) {
    const std::string file = root + std::string(path);
    if (!may_be_there(file)) continue;
    auto node = node_of(file);
    if (node) {
      found.kubeconfig = file;
      found.node_name = *std::move(node);
      break;
    }
    const std::string& why = node.error().message;
    found.passed_over.push_back(why.contains(file) ? why : fmt::format("{}: {}", file, why));
  }
  for (const std::string_view path : kStaticPods) {
    struct stat status{};
    const std::string folder = root + std::string(path);
    if (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      found.static_pods.push_back(folder);
    }
  }
  return found;
}

PodSourceSettings with_node_sources(PodSourceSettings settings, const NodeSources& found) {
  settings.search_node = false;
  settings.of_node = true;
  settings.kubeconfig = found.kubeconfig;
  settings.kubeconfigs_passed_over = found.passed_over;
  settings.manifests = found.static_pods;
  if (settings.node_name.empty()) settings.node_name = found.node_name;
  return settings;
}

}  // namespace hostnet
