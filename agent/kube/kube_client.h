#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/kube/cluster_access.h"
#include "agent/kube/kube_request.h"

namespace hostnet {

struct KubeTiming {
  std::chrono::seconds connect{3};
  // The longest time without a byte. Bookmarks arrive about once a minute.
  std::chrono::seconds silence{90};
  // For an answer, from the first byte sent; for a stream only its head. Large answers get more
  // time, see AnswerLimits. The API server itself gives up after a minute.
  std::chrono::milliseconds answer{30'000};
  // The first delay before a retry, for callers that retry; see Backoff.
  std::chrono::milliseconds retry{800};
};

// Sends requests whose answers are kept whole: KubeClient, or a test's replacement.
class KubeSender {
 public:
  KubeSender() = default;
  virtual ~KubeSender() = default;
  KubeSender(const KubeSender&) = delete;
  KubeSender& operator=(const KubeSender&) = delete;

  // Blocks until the answer ends.
  virtual KubeAnswer send(const KubeRequest& request) = 0;
  // From any thread: the current request ends soon, later ones at once.
  virtual void stop() = 0;
};

enum class KubeBody : std::uint8_t {
  whole,   // ends on its own, within the time limit
  stream,  // a watch
};

// Requests over TLS (except to a `kubectl proxy`), each on its own connection. Credentials are read
// again for each, so that rotated ones are used; the token is sent only to a server whose
// certificate was accepted.
class KubeClient final : public KubeSender {
 public:
  explicit KubeClient(ClusterAccess access, KubeTiming timing = {});
  ~KubeClient() override;

  // Blocks until the body ends. `on_accepted` is called once, for status 200 only, before
  // `on_body`, which gets the body as it arrives and returns whether more is wanted. The body of
  // any other status is not read.
  KubeReply get(const std::string& path, const std::function<void()>& on_accepted,
                const std::function<bool(std::string_view)>& on_body,
                KubeBody body = KubeBody::whole);
  KubeAnswer send(const KubeRequest& request) override;

  // A name lookup cannot be interrupted: call again until the request has ended.
  void stop() override;

 private:
  struct Running;
  struct Listener;
  KubeReply exchange(const KubeRequest& request, KubeBody body, const Listener& listener);

  ClusterAccess access_;
  KubeTiming timing_;
  std::unique_ptr<Running> running_;
};

}  // namespace hostnet
