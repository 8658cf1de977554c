#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/fleet/agents/cluster.h"
#include "agent/fleet/agents/fleet_options.h"
#include "agent/kube/kube_client.h"
#include "netlink/base/error.h"

namespace hostnet {

// The cluster's address and credentials, found as kubectl finds them.
Result<ClusterAccess> fleet_access(const FleetOptions& options);

// Reads objects from the API server; lists in pages, keeping one object at a time.
class ClusterReader {
 public:
  explicit ClusterReader(const ClusterAccess& access) : client_(access) {}

  Result<std::vector<ClusterNode>> nodes();
  // "" is every namespace. `on_pod` also gets the object, for fields that Pod does not keep.
  using OnPod = std::function<void(Pod&, std::string_view object)>;
  Result<> pods(const std::string& space, const std::string& parameters, const OnPod& on_pod);
  // The agents: selected by their label, in one namespace.
  Result<std::vector<Pod>> agents(const FleetOptions& options);
  // One object, as the server sent it.
  Result<std::string> object(const std::string& path);

 private:
  Result<> list(const std::string& path, const std::string& needs,
                const std::function<void(std::string_view)>& on_item);
  Result<std::string> page(const std::string& path, const std::string& needs,
                           const std::function<void(std::string_view)>& on_item);
  Result<std::vector<Pod>> labelled(const FleetOptions& options, const std::string& space);

  KubeClient client_;
};

// "/api/v1/namespaces/NAMESPACE/pods", of all namespaces if `space` is "".
std::string pods_path(const std::string& space);

}  // namespace hostnet
