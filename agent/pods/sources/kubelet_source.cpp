#include <algorithm>
#include <utility>

#include "agent/kube/kube_list.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/read_pod.h"
#include "agent/pods/sources/pod_source.h"
#include "netlink/base/backoff.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

class KubeletSource final : public PodSource {
 public:
  KubeletSource(ClusterAccess access, std::chrono::milliseconds interval, KubeTiming timing)
      : client_(std::move(access), timing), interval_(interval), backoff_(timing.retry) {
    // Three failed polls, or their time without one.
    freshness_.silence = std::max<std::chrono::milliseconds>(kSilentForTooLong, 4 * interval);
  }

  std::chrono::milliseconds step(double random,
                                 const std::function<void(SourceSnapshot)>& publish) override {
    auto pods = std::make_shared<std::vector<Pod>>();
    PortBudget ports;
    std::size_t pods_cut = 0;
    const KubeReply reply = read_list(client_, "/pods", kLongestPod,
                                      {.on_item =
                                           [&](std::string_view text) {
                                             auto pod = read_pod_json(text);
                                             if (!pod || pod->name.empty()) return;
                                             if (pods->size() >= kMostPods) {
                                               ++pods_cut;
                                               return;
                                             }
                                             ports.take(*pod);
                                             pod->source = "kubelet";
                                             pods->push_back(*std::move(pod));
                                           },
                                       .on_too_long = [&] { ++pods_cut; }});
    std::string why = reply.problem;
    if (reply.status == 403) why += "; it needs nodes/pods: get";
    const SteadyTime now = steady_now();
    auto pause = interval_;
    if (why.empty()) {
      pods_ = std::move(pods);
      pods_cut_ = pods_cut;
      last_success_ = wall_now();
      freshness_.heard(now);
      backoff_.reset();
    } else {
      freshness_.failed(now, why);
      pause = reply.retry_after ? backoff_.next(random, reply.retry_after)
                                : std::min(interval_, backoff_.next(random));
    }
    publish({.source = "kubelet",
             .pods = pods_,
             .pods_cut = pods_cut_,
             .last_success = last_success_,
             .server_version = std::nullopt,  // the kubelet knows its own only
             .freshness = freshness_});
    return pause;
  }
  const Freshness& freshness() const override { return freshness_; }
  void stop() override { client_.stop(); }

 private:
  KubeClient client_;
  std::chrono::milliseconds interval_;
  Freshness freshness_;
  Backoff backoff_;
  std::shared_ptr<const std::vector<Pod>> pods_ = std::make_shared<const std::vector<Pod>>();
  std::size_t pods_cut_{};
  std::optional<WallTime> last_success_;
};

}  // namespace

std::unique_ptr<PodSource> kubelet_source(ClusterAccess access, std::chrono::milliseconds interval,
                                          KubeTiming timing) {
  return std::make_unique<KubeletSource>(std::move(access), interval, timing);
}

}  // namespace hostnet
