#include "agent/http/details.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace hostnet {

bool is_loopback_address(std::string_view address) {
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view after = host.substr(end + 1);
    if (!after.empty() && !after.starts_with(':')) return false;
    return is_loopback_address(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return equals_ignoring_case(host, "localhost") || is_loopback_address(host);
}

std::optional<std::string> details_refusal(Details policy, const HttpRequest& request,
                                           std::string_view host) {
  if (policy == Details::all) return std::nullopt;
  if (policy == Details::none) {
    return "Details are switched off here: --web.details=none. "
           "--web.details=loopback or --web.details=all opens them.";
  }
  constexpr std::string_view kRemedy =
      " Details are shown on loopback only: --web.details=all opens them.";
  if (!request.peer_is_loopback)
    return "You come from " + request.peer + "." + std::string(kRemedy);
  for (const char* name :
       {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"}) {
    if (request.headers.contains(std::string_view(name))) {
      return "A proxy passed this request on (" + std::string(name) + ")." + std::string(kRemedy);
    }
  }
  if (!is_loopback_host(host)) {
    return "The Host header (" + std::string(host) + ") is not a loopback name or address." +
           std::string(kRemedy);
  }
  return std::nullopt;
}

}  // namespace hostnet
