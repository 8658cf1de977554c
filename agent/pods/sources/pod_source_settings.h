#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.h"
#include "agent/pods/sources/pod_source_manager.h"

namespace hostnet {

// The settings of --pods.*.
struct PodSourceSettings {
  std::string source{"auto"};          // auto, apiserver, pods-api, kubelet, manifests, none
  std::vector<std::string> manifests;  // read in addition to any source
  std::string kubeconfig;
  std::string kubelet_socket;  // of its Pods API; "": kubelet's default path
  std::string kubelet_url, kubelet_ca_file;
  bool kubelet_insecure{};
  std::chrono::milliseconds interval{30'000}, retry{800}, start_spread{};
  std::string node_name;  // "" if not given: the host's name
  bool one_shot{};        // a single scan, for which a person is waiting
  // No flag says where pods are: node_sources.h may find them.
  bool search_node{};
  bool of_node{};  // it did: kubeconfig and manifests are the kubelet's
  std::vector<std::string> kubeconfigs_passed_over;
};

// The sources for these settings, on_change unset. `auto`: the kubelet's Pods API, if its socket
// exists; the API server, if this is a pod or a kubeconfig is set; then the kubelet, if a flag
// configures it; then manifests.
// `environment` is getenv(3) or a test's replacement.
PodSourceOptions pod_source_options(const PodSourceSettings& settings, const std::string& node_name,
                                    const std::function<const char*(const char*)>& environment);
PodSourceOptions pod_source_options(const PodSourceSettings& settings,
                                    const std::string& node_name);

// The API server's address and credentials: from the kubeconfig, else from the pod's service
// account.
Result<ClusterAccess> apiserver_access(const PodSourceSettings& settings);

}  // namespace hostnet
