#include "agent/http/settings/web_settings.h"

#include <sys/stat.h>

#include <algorithm>

#include "agent/http/settings/tls_context.h"
#include "netlink/base/read_file.h"

namespace hostnet {

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

WebSettingsSource::Stamp WebSettingsSource::stamp_of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return {};
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed_ns = status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec};
}

// Stamps are taken before the files are read: a change in between is seen next
// time.
Result<WebSettingsPtr> WebSettingsSource::load() {
  const auto see = [this](const std::string& path) {
    if (!path.empty()) seen_.emplace_back(path, stamp_of(path));
  };
  // While the new file cannot be read, those of the old one no longer matter.
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

bool WebSettingsSource::changed() const {
  return std::ranges::any_of(seen_,
                             [](const auto& file) { return stamp_of(file.first) != file.second; });
}

Result<> WebSettingsSource::reload() {
  auto loaded = load();
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  if (((*loaded)->tls == nullptr) != (current_->tls == nullptr)) {
    return failure(Reason::malformed,
                   file_ + ": TLS is switched on and off by a restart, not by a reload");
  }
  current_ = std::move(*loaded);
  return {};
}

void WebSettingsSource::scan(Time now) {
  if (file_.empty() || now < scan_again_) return;
  scan_again_ = now + interval_;
  if (!changed()) return;
  const Result<> reloaded = reload();
  if (report_) report_(reloaded);
}

bool RateLimiter::allow(const RateLimit& limit, Time now) {
  if (limit != limit_) {
    limit_ = limit;
    tokens_ = limit.burst;
    last_ = now;
  }
  if (limit.interval.count() <= 0) return true;
  tokens_ +=
      std::chrono::duration<double>(now - last_) / std::chrono::duration<double>(limit.interval);
  tokens_ = std::min<double>(tokens_, limit.burst);
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace hostnet
