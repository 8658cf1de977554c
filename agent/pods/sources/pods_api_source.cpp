#include <algorithm>
#include <cstddef>
#include <utility>

#include "agent/kube/grpc/grpc_client.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/read_pod.h"
#include "agent/pods/sources/list_pods_reader.h"
#include "agent/pods/sources/pod_protobuf.h"
#include "agent/pods/sources/polled_source.h"

namespace hostnet {
namespace {

// Local and without load on an API server: polled at least this often, unlike kubelet's HTTPS.
constexpr std::chrono::seconds kMostBetweenPolls{3};

// kubelet identifies a static pod by the hash of its file, which is its UID there; other UIDs are
// UUIDs.
constexpr std::size_t kHashSize = 32;

class PodsApiLister final : public PodLister {
 public:
  PodsApiLister(std::string socket, std::unique_ptr<GrpcClient> client)
      : socket_(std::move(socket)), client_(std::move(client)) {}

  PollAnswer list(const Parts& parts) override {
    ListPodsReader reader({.on_pod = [&](std::string_view bytes) { read(bytes, parts); },
                           .on_too_long = parts.on_left_out});
    const auto called =
        client_->make({.method = "/v1alpha1.Pods/ListPods",
                       .metadata = {{"x-kubernetes-fieldmask", pod_field_mask()}},
                       .on_body = [&](std::string_view part) { return reader.take(part); }});
    if (!called) return {.problem = socket_ + ": " + called.error().message};
    if (!reader.is_whole()) return {.problem = socket_ + ": not a whole list of pods"};
    return {};
  }
  void stop() override { client_->stop(); }

 private:
  static void read(std::string_view bytes, const Parts& parts) {
    const auto json = pod_json_from_protobuf(bytes);
    auto pod = json ? read_pod_json(*json) : std::unexpected(json.error());
    if (!pod || pod->name.empty()) {
      parts.on_left_out();
      return;
    }
    if (pod->uid.size() == kHashSize) pod->config_hash = pod->uid;
    parts.on_pod(*std::move(pod));
  }

  std::string socket_;
  std::unique_ptr<GrpcClient> client_;
};

}  // namespace

Result<std::unique_ptr<PodSource>> pods_api_source(const std::string& socket,
                                                   std::chrono::milliseconds interval,
                                                   KubeTiming timing) {
  auto client = GrpcClient::create(socket, timing.answer);
  if (!client) return std::unexpected(std::move(client).error());
  return polled_source(
      "pods-api", std::make_unique<PodsApiLister>(socket, *std::move(client)),
      {.interval = std::min<std::chrono::milliseconds>(interval, kMostBetweenPolls),
       .retry = timing.retry});
}

}  // namespace hostnet
