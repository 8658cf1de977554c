#include "agent/http/settings/web_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/http/settings/tls_context.h"
#include "netlink/base/read_file.h"

namespace hostnet {
namespace {

FileStamp stamp_or_none(const std::string& path) {
  return stamp_of(path).value_or(FileStamp{});
}

}  // namespace

std::string_view lost_protection(const WebConfig& old, const WebConfig& fresh) {
  if (!old.users.empty() && fresh.users.empty() && !fresh.given_up.users) {
    return "nobody would have to sign in any more: \"basic_auth_users: {}\" says so on purpose";
  }
  if (!old.tls) return {};
  if (!fresh.tls) {
    if (fresh.given_up.tls) return {};
    return "there would be no TLS any more: \"tls_server_config: {}\" says so on purpose";
  }
  if (old.tls->client_auth != ClientAuth::none && fresh.tls->client_auth == ClientAuth::none &&
      !fresh.given_up.client_certificates) {
    return "clients would need no certificate any more: \"client_auth_type: NoClientCert\" says so "
           "on purpose";
  }
  if (old.tls->client_allowed_sans && !fresh.tls->client_allowed_sans &&
      !fresh.given_up.client_certificates) {
    return "client_allowed_sans is gone: that takes a restart";
  }
  return {};
}

Result<WebSettingsSource> WebSettingsSource::open(std::string file,
                                                  std::chrono::milliseconds interval,
                                                  Report report) {
  WebSettingsSource source;
  source.file_ = std::move(file);
  source.interval_ = interval;
  source.report_ = std::move(report);
  if (source.file_.empty()) {
    source.current_ = std::make_shared<WebSettings>();
    return source;
  }
  auto loaded = source.load();
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  source.current_ = std::move(*loaded);
  return source;
}

// Stamps are taken before the files are read: a change in between is noticed by
// the next scan.
Result<WebSettingsPtr> WebSettingsSource::load() {
  const auto see = [this](const std::string& path) {
    if (!path.empty()) seen_.emplace_back(path, stamp_or_none(path));
  };
  // Even if the new file cannot be read, the files named by the old one no longer matter.
  seen_.clear();
  see(file_);
  const auto text = read_regular_file(file_);
  if (!text) return std::unexpected(text.error());
  auto config = parse_web_config(*text, file_);
  if (!config) return std::unexpected(std::move(config.error()));
  auto settings = std::make_shared<WebSettings>();
  settings->config = std::move(*config);
  if (const auto& tls = settings->config.tls) {
    for (const auto& path : {tls->cert_file, tls->key_file, tls->client_ca_file}) see(path);
    auto context = make_tls_context(*tls);
    if (!context) {
      Error error = std::move(context.error());
      error.message = file_ + ": " + error.message;
      return std::unexpected(std::move(error));
    }
    settings->tls = std::move(*context);
  }
  return settings;
}

// Whether the files are unchanged since the last scan: an editor or a full disk
// may leave half a file for a moment.
bool WebSettingsSource::settled() {
  std::vector<FileStamp> now;
  for (const auto& file : seen_) now.push_back(stamp_or_none(file.first));
  return std::exchange(last_, now) == now;
}

bool WebSettingsSource::changed() const {
  return std::ranges::any_of(
      seen_, [](const auto& file) { return stamp_or_none(file.first) != file.second; });
}

Result<> WebSettingsSource::reload() {
  auto loaded = load();
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  if (const auto lost = lost_protection(current_->config, (*loaded)->config); !lost.empty()) {
    return failure(Reason::malformed, fmt::format("{}: {}", file_, lost));
  }
  current_ = std::move(*loaded);
  return {};
}

void WebSettingsSource::scan(Time now) {
  if (file_.empty() || now < scan_again_) return;
  scan_again_ = now + interval_;
  if (!changed() || !settled()) return;
  const Result<> reloaded = reload();
  if (report_) report_(reloaded);
}

bool RateLimiter::allow(const RateLimit& limit, Time now) {
  if (limit.interval.count() <= 0) return true;
  if (!bucket_ || limit != limit_) {
    // Bounded, so that the time for a full refill does not overflow.
    const auto most = std::min<std::int64_t>(limit.burst, kLongestRefill / limit.interval);
    limit_ = limit;
    bucket_.emplace(static_cast<int>(std::max<std::int64_t>(most, 1)), limit.interval);
  }
  if (!bucket_->has(now)) return false;
  bucket_->take(now);
  return true;
}

}  // namespace hostnet
