#include "agent/http/details.h"

#include <algorithm>
#include <array>

#include "netlink/base/loopback.h"

namespace hostnet {

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view after = host.substr(end + 1);
    if (!after.empty() && !after.starts_with(':')) return false;
    return is_loopback(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return equals_ignoring_case(host, "localhost") || is_loopback(host);
}

namespace {

// The headers that clients send on their own: curl, browsers, scrapers, probes. Proxies, load
// balancers and CDNs add hundreds of names, and more every year, so the clients' names are listed
// instead.
constexpr std::array<std::string_view, 37> kOfClients{
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "DNT",
    "Expect",
    "From",
    "Host",
    "HTTP2-Settings",  // "Upgrade: h2c" of Java
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Keep-Alive",
    "Last-Event-ID",
    "Origin",
    "Pragma",
    "Priority",
    "Purpose",
    "Range",
    "Referer",
    "Save-Data",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    "Upgrade-Insecure-Requests",
    "User-Agent",
    "X-Request-Id",
    "X-Requested-With",
};
constexpr std::array<std::string_view, 4> kFamiliesOfClients{
    "Sec-",           // of browsers; no program in between may set them (Fetch, 2.2.2)
    "X-Prometheus-",  // -Scrape-Timeout-Seconds
    "trace",          // W3C Trace Context: traceparent, tracestate
    "X-B3-",
};

bool is_of_clients(std::string_view name) {
  return std::ranges::any_of(kOfClients,
                             [&](auto known) { return equals_ignoring_case(name, known); }) ||
         std::ranges::any_of(kFamiliesOfClients, [&](auto family) {
           return equals_ignoring_case(name.substr(0, family.size()), family);
         });
}

std::string passed_on(const std::string& header, std::string_view remedy) {
  return "A proxy seems to have passed this request on: it has the header " + header + "." +
         std::string(remedy);
}

std::optional<std::string> loopback_refusal(const HttpRequest& request, std::string_view host) {
  constexpr std::string_view kRemedy =
      " Details are shown on loopback only: ask on the node itself, or through kubectl "
      "port-forward "
      "POD 20000 (then localhost:20000). --web.details=all opens them to everybody.";
  if (!request.peer_is_loopback) {
    return "You come from " + request.peer + "." + std::string(kRemedy);
  }
  if (const auto header = forwarding_header(request.headers)) return passed_on(*header, kRemedy);
  if (!is_loopback_host(host)) {
    return "The Host header (" + std::string(host) + ") is not a loopback name or address." +
           std::string(kRemedy);
  }
  return std::nullopt;
}

std::optional<std::string> socket_refusal(const HttpRequest& request) {
  constexpr std::string_view kRemedy =
      " Details are shown over the agent's unix socket only (curl --unix-socket): "
      "--web.details=all opens them.";
  if (!request.peer_is_unix) return "You come from " + request.peer + "." + std::string(kRemedy);
  if (const auto header = forwarding_header(request.headers)) return passed_on(*header, kRemedy);
  return std::nullopt;
}

std::optional<std::string> token_refusal(const HttpRequest& request) {
  if (request.shows_token) return std::nullopt;
  return "Details are shown for the token in --web.details-token-file only (Authorization: Bearer "
         "TOKEN): --web.details=all opens them.";
}

}  // namespace

std::optional<std::string> forwarding_header(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_of_clients(name)) return name;
  }
  return std::nullopt;
}

std::optional<std::string> details_refusal(Details policy, const HttpRequest& request,
                                           std::string_view host) {
  switch (policy) {
    case Details::all: return std::nullopt;
    case Details::loopback: return loopback_refusal(request, host);
    case Details::socket: return socket_refusal(request);
    case Details::token: return token_refusal(request);
    case Details::none: break;
  }
  return "Details are switched off here: --web.details=none. "
         "--web.details=loopback or --web.details=all opens them.";
}

}  // namespace hostnet
