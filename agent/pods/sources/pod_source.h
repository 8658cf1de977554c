#pragma once

// The sources of pods that answer over the network or a socket, one request at a time.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/kube/cluster_access.h"
#include "agent/kube/kube_client.h"
#include "agent/pods/pod.h"
#include "agent/pods/sources/freshness.h"
#include "netlink/base/clock.h"

namespace hostnet {

// The state of a source; `pods` is never null.
struct SourceSnapshot {
  std::string source;  // "apiserver", "pods-api", "kubelet"
  std::shared_ptr<const std::vector<Pod>> pods = std::make_shared<const std::vector<Pod>>();
  std::size_t pods_cut{};  // dropped because there were too many
  std::optional<WallTime> last_success;
  std::optional<std::vector<int>> server_version;  // of the API server: parse_server_version()
  Freshness freshness;
};

class PodSource {
 public:
  PodSource() = default;
  virtual ~PodSource() = default;
  PodSource(const PodSource&) = delete;
  PodSource& operator=(const PodSource&) = delete;

  // Makes one request and blocks until it is done; publishes changes during the request and at its
  // end. Returns how long to wait before the next one. `random` is from 0 to 1.
  virtual std::chrono::milliseconds step(double random,
                                         const std::function<void(SourceSnapshot)>& publish) = 0;
  virtual const Freshness& freshness() const = 0;
  // From any thread; see KubeClient::stop().
  virtual void stop() = 0;
};

// LIST once, then WATCH: never polls lists. The server's version is requested after the LIST, and
// after a WATCH that was cut off: the server may have changed.
std::unique_ptr<PodSource> apiserver_source(ClusterAccess access, const std::string& node_name,
                                            KubeTiming timing = {});

// The kubelet's Pods API (KEP-4188; Kubernetes 1.37, as alpha 1.35) on a unix socket, polled every
// `interval`, at least every 3 s: it costs the API server nothing.
Result<std::unique_ptr<PodSource>> pods_api_source(const std::string& socket,
                                                   std::chrono::milliseconds interval,
                                                   KubeTiming timing = {});

// GET /pods from the kubelet, every `interval`.
std::unique_ptr<PodSource> kubelet_source(ClusterAccess access, std::chrono::milliseconds interval,
                                          KubeTiming timing = {});

}  // namespace hostnet
