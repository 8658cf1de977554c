#pragma once

#include <string>
#include <vector>

#include "agent/pods/sources/pod_source_settings.h"

namespace hostnet {

// Where a node keeps what its own kubelet uses: a single scan without --pods.*
// flags reads the pods with that.
struct NodeSources {
  std::string kubeconfig;  // the kubelet's, its credentials in plain files; "": none is usable
  std::string node_name;   // as its certificate says; "" where it has none
  std::vector<std::string> static_pods;  // folders
  std::vector<std::string> passed_over;  // kubeconfigs that are there, each with the reason
};

// Reads below `root` ("" is this machine). Never an administrator's kubeconfig:
// only those of kubelets are tried, and one whose certificate is not a node's is
// passed over. A plugin (exec) is named and not run.
NodeSources find_node_sources(const std::string& root = {});

// `settings` with what was found, where they say nothing of their own.
PodSourceSettings with_node_sources(PodSourceSettings settings, const NodeSources& found);

}  // namespace hostnet
