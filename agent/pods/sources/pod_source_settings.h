#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.h"
#include "agent/pods/sources/pod_source_manager.h"

namespace hostnet {

// What --pods.* ask for.
struct PodSourceSettings {
  std::string source{"auto"};          // auto, apiserver, pods-api, kubelet, manifests, none
  std::vector<std::string> manifests;  // read beside any source
  std::string kubeconfig;
  std::string kubelet_socket;  // of its Pods API; "": where kubelets have it
  std::string kubelet_url, kubelet_ca_file;
  bool kubelet_insecure{};
  std::chrono::milliseconds interval{30'000}, retry{800}, start_spread{};
  std::string node_name;  // "" when nobody said: the host's name
  bool one_shot{};        // a person waits for a single scan
  // No flag says where pods are: node_sources.h may.
  bool search_node{};
  bool of_node{};  // it did: kubeconfig and manifests are the kubelet's
  std::vector<std::string> kubeconfigs_passed_over;
};

// The sources that they mean, on_change unset. `auto`: the kubelet's Pods API, if its socket is
// there; the API server, if this is a pod or a kubeconfig is named; then the kubelet, if a flag
// says how; then manifests.
// `environment` is getenv(3) or a test's own.
PodSourceOptions pod_source_options(const PodSourceSettings& settings, const std::string& node_name,
                                    const std::function<const char*(const char*)>& environment);
PodSourceOptions pod_source_options(const PodSourceSettings& settings,
                                    const std::string& node_name);

// Where the API server is and as whom to come: of the kubeconfig, else of the pod's
// service account.
Result<ClusterAccess> apiserver_access(const PodSourceSettings& settings);

}  // namespace hostnet
