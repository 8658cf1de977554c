#include "agent/kube/kube_request.h"

#include <fmt/format.h>

#include "agent/kube/json_cutter.h"
#include "netlink/base/ascii.h"
#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {

std::string_view to_string(KubeMethod method) {
  switch (method) {
    case KubeMethod::get: return "GET";
    case KubeMethod::post: return "POST";
    case KubeMethod::patch: return "PATCH";
  }
  return "GET";
}

Reason reason_of(const KubeReply& reply) {
  switch (reply.status) {
    case 0: return Reason::unreachable;
    case 401:
    case 403: return Reason::denied;
    case 404:
    case 410: return Reason::vanished;
    case 408:
    case 504: return Reason::timeout;
    case 429: return Reason::exhausted;
    default: return reply.status >= 500 ? Reason::unreachable : Reason::malformed;
  }
}

std::string refusal_words(std::string_view body, const std::vector<std::string>& member) {
  constexpr std::size_t kLongest = 300;
  std::string words = json_words(body, member);
  if (words.empty()) words = trim(body);
  return words.empty() ? words : fmt::format(": {}", shortened(words, kLongest));
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~").contains(c)) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace hostnet
