#include <utility>

#include "agent/kube/kube_list.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/read_pod.h"
#include "agent/pods/sources/polled_source.h"

namespace hostnet {
namespace {

class KubeletLister final : public PodLister {
 public:
  KubeletLister(ClusterAccess access, KubeTiming timing) : client_(std::move(access), timing) {}

  PollAnswer list(const Parts& parts) override {
    const KubeReply reply = read_list(client_, "/pods", kLongestPod,
                                      {.on_item =
                                           [&](std::string_view text) {
                                             auto pod = read_pod_json(text);
                                             if (!pod || pod->name.empty()) {
                                               parts.on_left_out();
                                             } else {
                                               parts.on_pod(*std::move(pod));
                                             }
                                           },
                                       .on_too_long = parts.on_left_out});
    std::string why = reply.problem;
    if (reply.status == 403) why += "; it needs nodes/pods: get";
    return {.problem = std::move(why), .retry_after = reply.retry_after};
  }
  void stop() override { client_.stop(); }

 private:
  KubeClient client_;
};

}  // namespace

std::unique_ptr<PodSource> kubelet_source(ClusterAccess access, std::chrono::milliseconds interval,
                                          KubeTiming timing) {
  return polled_source("kubelet", std::make_unique<KubeletLister>(std::move(access), timing),
                       {.interval = interval, .retry = timing.retry});
}

}  // namespace hostnet
