#include "agent/kube/cluster_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "netlink/base/ascii.h"
#include "netlink/base/loopback.h"
#include "netlink/base/read_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::optional<int> port_from(std::string_view text) {
  const auto port = parse_number<std::uint16_t>(text);
  return port && *port > 0 ? std::optional<int>(*port) : std::nullopt;
}

std::unexpected<Error> bad_url(std::string_view url, std::string_view why) {
  return failure(Reason::malformed, fmt::format("server '{}': {}", url, why));
}

bool may_be_in_a_host(char c) {
  return is_alphanumeric(c) || std::string_view(".-_:").contains(c);
}

// "node.example:6443", "[fd00::1]" from `url`.
Result<> read_authority(std::string_view url, std::string_view authority, ClusterAccess& access) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad_url(url, "']' is missing");
    access.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return bad_url(url, "no port after ']'");
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    access.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (access.host.empty() || !std::ranges::all_of(access.host, may_be_in_a_host)) {
    return bad_url(url, "no host");
  }
  if (port.empty()) return {};
  const auto number = port_from(port.substr(1));
  if (!number) return bad_url(url, "no port from 1 to 65535");
  access.port = *number;
  return {};
}

}  // namespace

std::string host_and_port(std::string_view host, int port) {
  const bool ipv6 = host.contains(':');
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

Result<ClusterAccess> parse_http_url(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  ClusterAccess access;
  access.plain = url.starts_with(kPlain);
  if (!access.plain && !url.starts_with(kSecure)) {
    return bad_url(url, "it begins with neither http:// nor https://");
  }
  if (access.plain) access.port = 80;
  std::string_view rest = url.substr(access.plain ? kPlain.size() : kSecure.size());
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    access.base_path = rest.substr(slash);
    rest = rest.substr(0, slash);
    while (access.base_path.ends_with('/')) access.base_path.pop_back();
  }
  if (access.base_path.find_first_of("?# \r\n") != std::string::npos) {
    return bad_url(url, "a path must be plain");
  }
  if (auto done = read_authority(url, rest, access); !done) return std::unexpected(done.error());
  return access;
}

Result<ClusterAccess> parse_server_url(std::string_view url) {
  auto access = parse_http_url(url);
  if (access && access->plain) return bad_url(url, "only https:// is spoken");
  return access;
}

Result<ClusterAccess> parse_proxy_url(std::string_view url) {
  auto access = parse_http_url(url);
  if (access && (!access->plain || (access->host != "localhost" && !is_loopback(access->host)))) {
    return bad_url(url, "it is not http:// to this host's loopback, as of kubectl proxy");
  }
  return access;
}

Result<ClusterAccess> in_cluster_access(const std::function<const char*(const char*)>& environment,
                                        const std::string& folder) {
  const char* host = environment("KUBERNETES_SERVICE_HOST");
  const char* port = environment("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || *host == '\0') {
    return failure(Reason::vanished, "KUBERNETES_SERVICE_HOST is not set: this is not a pod");
  }
  ClusterAccess access;
  access.host = host;
  if (port != nullptr && *port != '\0') {
    const auto number = port_from(port);
    if (!number) {
      return failure(Reason::malformed,
                     fmt::format("KUBERNETES_SERVICE_PORT '{}' is no port", port));
    }
    access.port = *number;
  }
  access.token.file = folder + "/token";
  access.ca.file = folder + "/ca.crt";
  std::error_code ignored;
  if (!std::filesystem::exists(access.token.file, ignored)) {
    return failure(Reason::vanished,
                   access.token.file + " is missing: the pod has no service account token");
  }
  return access;
}

Result<std::string> read_credential(const Credential& credential) {
  if (!credential.data.empty() || credential.file.empty()) return credential.data;
  auto read = read_regular_file(credential.file);
  if (!read) return read;
  std::string text = *std::move(read);
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.pop_back();
  if (text.empty()) return failure(Reason::malformed, credential.file + " is empty");
  return text;
}

}  // namespace hostnet
