#pragma once

// The two sources of pods that answer over the network, one request at a time.

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

// What a source knows; `pods` is never null.
struct SourceSnapshot {
  std::string source;  // "apiserver", "pods-api", "kubelet"
  std::shared_ptr<const std::vector<Pod>> pods = std::make_shared<const std::vector<Pod>>();
  std::size_t pods_cut{};  // that were left out, as there are too many
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

  // Makes one request and blocks until it is over; on the way and at its end it
  // publishes what changed. Returns how long to wait before the next. `random`
  // is from 0 to 1.
  virtual std::chrono::milliseconds step(double random,
                                         const std::function<void(SourceSnapshot)>& publish) = 0;
  virtual const Freshness& freshness() const = 0;
  // From any thread; see KubeClient::stop().
  virtual void stop() = 0;
};

// LIST once, then WATCH: no list is ever polled. The server's version is asked for
// after the LIST, and when a WATCH did not end in order: then it may be another's.
std::unique_ptr<PodSource> apiserver_source(ClusterAccess access, const std::string& node_name,
                                            KubeTiming timing = {});

// The kubelet's Pods API (KEP-4188; Kubernetes 1.37, as alpha 1.35) at a unix socket, asked each
// `interval`, at least each 3 s: it costs the API server nothing.
Result<std::unique_ptr<PodSource>> pods_api_source(const std::string& socket,
                                                   std::chrono::milliseconds interval,
                                                   KubeTiming timing = {});

// GET /pods of the kubelet, each `interval`.
std::unique_ptr<PodSource> kubelet_source(ClusterAccess access, std::chrono::milliseconds interval,
                                          KubeTiming timing = {});

}  // namespace hostnet
