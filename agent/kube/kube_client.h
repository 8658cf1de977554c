#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/kube/cluster_access.h"
#include "netlink/error.h"

namespace hostnet {

struct KubeReply {
  int status{};  // of HTTP
  std::optional<std::chrono::seconds> retry_after;
  // "" when status is 200 and the body ended as it should; else one line that
  // says what went wrong, with the server's address, never with a credential.
  std::string problem;
  // The body's end came in order: not cut, not given up.
  bool whole{};
};

struct KubeTiming {
  std::chrono::seconds connect{3};
  // Without a byte. Bookmarks come about once a minute.
  std::chrono::seconds silence{90};
  // Before a second attempt, for those who make one; see Backoff.
  std::chrono::milliseconds retry{800};
};

// GET over TLS. Credentials are read again for each request, so that rotated
// ones count; the token is sent only to a server whose certificate was accepted.
class KubeClient {
 public:
  explicit KubeClient(ClusterAccess access, KubeTiming timing = {});
  ~KubeClient();
  KubeClient(const KubeClient&) = delete;
  KubeClient& operator=(const KubeClient&) = delete;

  // Blocks until the body is over. `on_accepted` comes once, for status 200
  // only, before `on_body`, which gets that body as it arrives and says whether
  // more is wanted. A body with another status is left unread.
  KubeReply get(const std::string& path, const std::function<void()>& on_accepted,
                const std::function<bool(std::string_view)>& on_body);

  // From any thread: what runs ends soon, what comes later ends at once. While a
  // name is being resolved it cannot be woken: call again until it has ended.
  void stop();

 private:
  struct Running;
  ClusterAccess access_;
  KubeTiming timing_;
  std::unique_ptr<Running> running_;
};

}  // namespace hostnet
