#include "agent/http/gate.h"

#include <fmt/format.h>

#include <algorithm>

namespace hostnet {

const HttpRoute* find_route(const std::vector<HttpRoute>& routes, std::string_view path) {
  const HttpRoute* best = nullptr;
  for (const HttpRoute& route : routes) {
    if (route.path == path && !route.prefix) return &route;
    if (!route.prefix || !path.starts_with(route.path)) continue;
    if (best == nullptr || route.path.size() > best->path.size()) best = &route;
  }
  return best;
}

namespace {

void refuse_sign_in(Job& job) {
  job.refusal = error_answer(job.request, 401, "Unauthorized");
  job.refusal->headers.emplace_back("WWW-Authenticate", "Basic");
}

}  // namespace

Entry check_entry(Job& job, RateLimiter& limiter, PasswordCache& known, WebTime now) {
  if (job.request.trusted) return Entry::open;
  if (job.route != nullptr && job.route->unauthenticated) return Entry::open;
  const WebConfig& config = job.web->config;
  if (!job.signed_in && !limiter.allow(config.rate_limit, now)) {
    job.refusal = error_answer(job.request, 429, "Too Many Requests");
    return Entry::refused;
  }
  if (config.users.empty()) return Entry::open;
  // The Authorization header holds the password or the token, never both.
  const bool details = job.route != nullptr && !job.route->open;
  if (details && job.request.shows_token) return Entry::open;
  if (!job.credentials) {
    job.credentials = basic_credentials(header(job.request.headers, "Authorization"));
  }
  if (job.credentials && !job.signed_in) {
    job.signed_in = known.find(config.users, *job.credentials);
    if (!job.signed_in) return Entry::unknown;
  }
  if (!job.signed_in.value_or(false)) {
    refuse_sign_in(job);
    return Entry::refused;
  }
  job.request.user = job.credentials->user;
  return Entry::open;
}

void refuse_unfit(Job& job, Details details) {
  const auto refuse = [&](int status, std::string_view message) {
    job.refusal = error_answer(job.request, status, message);
  };
  if (job.head.method != "GET" && job.head.method != "HEAD") {
    refuse(405, fmt::format("method {} is not allowed, only GET and HEAD are", job.head.method));
    job.refusal->headers.emplace_back("Allow", "GET, HEAD");
    return;
  }
  if (job.head.announces_body) return refuse(413, "requests with a body are not accepted");
  if (job.route == nullptr) return refuse(404, fmt::format("no such path: {}", job.request.path));
  if (job.route->open || job.request.trusted) return;
  const auto why = details_refusal(details, job.request, job.head.host);
  if (!why) return;
  refuse(details == Details::token ? 401 : 403, *why);
  if (details == Details::token) job.refusal->headers.emplace_back("WWW-Authenticate", "Bearer");
}

void refuse_bad_head(Job& job, const BadHead& bad, std::string_view bytes) {
  std::string lower(bytes.substr(0, std::size_t{16} * 1024));
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  const std::size_t line = lower.find('\n');
  const std::size_t accept = lower.find("\naccept:");
  if (lower.substr(0, line).contains("format=json")) {
    job.request.query.emplace("format", "json");
  } else if (accept != std::string::npos) {
    const std::size_t begin = accept + 8;
    job.request.headers.emplace(
        "Accept", lower.substr(begin, std::min(lower.find('\r', begin), lower.size()) - begin));
  }
  job.refusal = error_answer(job.request, bad.status, bad.message);
  job.close = true;
}

}  // namespace hostnet
