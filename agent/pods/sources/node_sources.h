#pragma once

#include <string>
#include <vector>

#include "agent/pods/sources/pod_source_settings.h"

namespace hostnet {

// The files that a node's own kubelet uses: a single scan without --pods.* flags reads the pods
// with them.
struct NodeSources {
  std::string kubeconfig;  // kubelet's, its credentials in plain files; "": none is usable
  std::string node_name;   // from its certificate; "" if it has none
  std::vector<std::string> static_pods;  // folders
  std::vector<std::string> passed_over;  // other kubeconfigs found, each with the reason
};

// Reads below `root` ("" is this machine). Never an administrator's kubeconfig: only those of
// kubelets are tried, and one without a node's certificate is passed over. A plugin (exec) is
// mentioned but not run.
NodeSources find_node_sources(const std::string& root = {});

// `settings` completed with the files that were found.
PodSourceSettings with_node_sources(PodSourceSettings settings, const NodeSources& found);

}  // namespace hostnet
