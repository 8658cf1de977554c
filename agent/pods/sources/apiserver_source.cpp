#include <algorithm>
#include <utility>

#include "agent/kube/json_cutter.h"
#include "agent/kube/kube_list.h"
#include "agent/kube/server_version.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/sources/pod_reflector.h"
#include "agent/pods/sources/pod_source.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

// An unchanged state is published at most this often.
constexpr std::chrono::seconds kSayAliveEvery{5};
// The version is optional; nothing waits long for it.
constexpr std::chrono::seconds kVersionSilence{3};
constexpr std::chrono::minutes kVersionAtMostEvery{1};

KubeTiming version_timing(KubeTiming timing) {
  timing.silence = std::min(timing.silence, kVersionSilence);
  timing.answer = std::min<std::chrono::milliseconds>(timing.answer, kVersionSilence);
  return timing;
}

class ApiserverSource final : public PodSource {
 public:
  using Publish = std::function<void(SourceSnapshot)>;

  ApiserverSource(ClusterAccess access, const std::string& node_name, KubeTiming timing)
      : client_(access, timing),
        version_client_(std::move(access), version_timing(timing)),
        watch_(node_name, timing.retry) {}

  std::chrono::milliseconds step(double random, const Publish& publish) override {
    const std::string path = watch_.path(random);
    return watch_.listing() ? list(path, random, publish) : watch(path, random, publish);
  }
  const Freshness& freshness() const override { return watch_.freshness(); }
  void stop() override {
    client_.stop();
    version_client_.stop();
  }

 private:
  // If this fails, the last known version stays.
  void ask_version() {
    const SteadyTime now = steady_now();
    if (version_asked_at_ && now - *version_asked_at_ < kVersionAtMostEvery) return;
    version_asked_at_ = now;
    const KubeAnswer answer =
        version_client_.send({.method = KubeMethod::get, .path = std::string(kVersionPath)});
    if (!answer.reply.whole) return;
    server_version_ = parse_server_version(answer.body);
    version_known_ = true;
  }

  std::chrono::milliseconds list(const std::string& path, double random, const Publish& publish) {
    const KubeReply reply =
        read_list(client_, path, kLongestPod,
                  {.on_metadata = [this](std::string_view value) { watch_.list_metadata(value); },
                   .on_item = [this](std::string_view pod) { watch_.listed(pod); },
                   .on_too_long = [this] { watch_.left_out(); }});
    std::string why = reply.problem;
    const SteadyTime now = steady_now();
    if (why.empty()) {
      if (watch_.list_done(now)) {
        last_success_ = wall_now();
        ask_version();
      } else {
        why = "the list has no resourceVersion";
      }
    }
    if (reply.status == 403) why += "; it needs pods: list, watch";
    const auto pause = watch_.ended(reply.status, reply.retry_after, why, random, now);
    say(publish, now);
    return pause;
  }

  std::chrono::milliseconds watch(const std::string& path, double random, const Publish& publish) {
    if (!version_known_) ask_version();
    std::string type, object;
    JsonCutter cutter({.members = {"type", "object"}, .limit = kLongestPod},
                      {.on_member =
                           [&](std::string_view member, std::string_view value) {
                             (member == "type" ? type : object) = value;
                             return true;
                           },
                       .on_end =
                           [&] {
                             const bool more = watch_.event(type, object, steady_now());
                             if (more) last_success_ = wall_now();
                             type.clear();
                             object.clear();
                             return more;
                           },
                       .on_too_long = [] {}});  // its object stays empty and is left out
    const KubeReply reply = client_.get(
        path,
        [&] {
          watch_.accepted(steady_now());
          say(publish, steady_now());
        },
        [&](std::string_view bytes) {
          const bool more = cutter.feed(bytes).has_value();
          say_if_new(publish, steady_now());
          return more && !watch_.says_nothing(steady_now());
        },
        KubeBody::stream);
    const SteadyTime now = steady_now();
    version_known_ = version_known_ && reply.whole;
    const auto pause = watch_.ended(reply.status, reply.retry_after, reply.problem, random, now);
    say(publish, now);
    return pause;
  }

  void say_if_new(const Publish& publish, SteadyTime now) {
    if (watch_.changes() != said_changes_ || now - said_at_ >= kSayAliveEvery) say(publish, now);
  }

  void say(const Publish& publish, SteadyTime now) {
    if (watch_.changes() != said_changes_) {
      auto pods = std::make_shared<std::vector<Pod>>();
      pods->reserve(watch_.pods().size());
      for (const auto& [key, pod] : watch_.pods()) pods->push_back(pod);
      pods_ = std::move(pods);
    }
    said_changes_ = watch_.changes();
    said_at_ = now;
    publish({.source = "apiserver",
             .pods = pods_,
             .pods_cut = watch_.pods_cut(),
             .last_success = last_success_,
             .server_version = server_version_,
             .freshness = watch_.freshness()});
  }

  KubeClient client_, version_client_;
  PodReflector watch_;
  std::shared_ptr<const std::vector<Pod>> pods_ = std::make_shared<const std::vector<Pod>>();
  std::optional<WallTime> last_success_;
  std::optional<std::vector<int>> server_version_;
  bool version_known_{};  // asked since the connection was last lost
  std::optional<SteadyTime> version_asked_at_;
  std::uint64_t said_changes_{};
  SteadyTime said_at_;
};

}  // namespace

std::unique_ptr<PodSource> apiserver_source(ClusterAccess access, const std::string& node_name,
                                            KubeTiming timing) {
  return std::make_unique<ApiserverSource>(std::move(access), node_name, timing);
}

}  // namespace hostnet
