#include "agent/pods/sources/polled_source.h"

#include <algorithm>
#include <utility>

#include "agent/kube/backoff.h"
#include "agent/pods/pod_limits.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

class PolledSource final : public PodSource {
 public:
  PolledSource(std::string name, std::unique_ptr<PodLister> lister, PollPace pace)
      : name_(std::move(name)),
        lister_(std::move(lister)),
        interval_(pace.interval),
        backoff_(pace.retry) {
    // Stale after three failed polls, or after their time without one.
    freshness_.silence = std::max<std::chrono::milliseconds>(kSilentForTooLong, 4 * interval_);
  }

  std::chrono::milliseconds step(double random,
                                 const std::function<void(SourceSnapshot)>& publish) override {
    auto pods = std::make_shared<std::vector<Pod>>();
    PortBudget ports;
    std::size_t pods_cut = 0;
    const PollAnswer answer = lister_->list({.on_pod =
                                                 [&](Pod pod) {
                                                   if (pods->size() >= kMostPods) {
                                                     ++pods_cut;
                                                     return;
                                                   }
                                                   ports.take(pod);
                                                   pod.source = name_;
                                                   pods->push_back(std::move(pod));
                                                 },
                                             .on_left_out = [&] { ++pods_cut; }});
    const SteadyTime now = steady_now();
    auto pause = interval_;
    if (answer.problem.empty()) {
      pods_ = std::move(pods);
      pods_cut_ = pods_cut;
      last_success_ = wall_now();
      freshness_.heard(now);
      backoff_.reset();
    } else {
      freshness_.failed(now, answer.problem);
      pause = answer.retry_after ? backoff_.next(random, answer.retry_after)
                                 : std::min(interval_, backoff_.next(random));
    }
    publish({.source = name_,
             .pods = pods_,
             .pods_cut = pods_cut_,
             .last_success = last_success_,
             .server_version = std::nullopt,  // the kubelet only knows its own version
             .freshness = freshness_});
    return pause;
  }
  const Freshness& freshness() const override { return freshness_; }
  void stop() override { lister_->stop(); }

 private:
  std::string name_;
  std::unique_ptr<PodLister> lister_;
  std::chrono::milliseconds interval_;
  Backoff backoff_;
  Freshness freshness_;
  std::shared_ptr<const std::vector<Pod>> pods_ = std::make_shared<const std::vector<Pod>>();
  std::size_t pods_cut_{};
  std::optional<WallTime> last_success_;
};

}  // namespace

std::unique_ptr<PodSource> polled_source(std::string name, std::unique_ptr<PodLister> lister,
                                         PollPace pace) {
  return std::make_unique<PolledSource>(std::move(name), std::move(lister), pace);
}

}  // namespace hostnet
