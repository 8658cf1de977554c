#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/settings/web_config.h"
#include "netlink/base/file_watch.h"
#include "netlink/base/token_bucket.h"

namespace hostnet {

// A web config in force. Connections and requests share ownership of the one that
// they began with.
struct WebSettings {
  WebConfig config;
  std::shared_ptr<SSL_CTX> tls;  // null: plain HTTP
};
using WebSettingsPtr = std::shared_ptr<const WebSettings>;

// The web config file and the files that it names, reloaded when one of them
// changes. One thread.
class WebSettingsSource {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Report = std::function<void(const Result<>&)>;

  // An empty `file`: no TLS, no users, no limit, forever.
  static Result<WebSettingsSource> open(std::string file, std::chrono::milliseconds interval,
                                        Report report);
  const WebSettingsPtr& current() const { return current_; }
  // Checks the files if `interval` has passed, and reloads them once they have
  // changed and then stayed the same for an interval. A bad file is reported once
  // and the settings in force are kept; likewise if the new ones would drop the
  // last user, TLS or client certificates without saying so (GivenUp).
  void scan(Time now);

 private:
  Result<WebSettingsPtr> load();
  Result<> reload();
  bool changed() const;
  bool settled();

  std::string file_;
  std::chrono::milliseconds interval_{};
  Report report_;
  WebSettingsPtr current_;
  std::vector<std::pair<std::string, FileStamp>> seen_;
  std::vector<FileStamp> last_;
  Time scan_again_;
};

// Why `fresh` may not replace `old`: it protects less, as a truncated file
// would. Empty if it may.
std::string_view lost_protection(const WebConfig& old, const WebConfig& fresh);

// A token bucket: one token per `interval`, at most `burst`. One thread.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  bool allow(const RateLimit& limit, Time now);

 private:
  static constexpr std::chrono::hours kLongestRefill{24 * 365};
  RateLimit limit_;
  std::optional<TokenBucket> bucket_;
};

}  // namespace hostnet
