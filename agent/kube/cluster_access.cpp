#include "agent/kube/cluster_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

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
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == ':';
}

}  // namespace

std::string host_and_port(const ClusterAccess& access) {
  const bool ipv6 = access.host.contains(':');
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", access.host, ipv6 ? "]" : "", access.port);
}

Result<ClusterAccess> parse_server_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return bad_url(url, "only https:// is spoken");
  std::string_view rest = url.substr(kScheme.size());
  ClusterAccess access;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    access.base_path = rest.substr(slash);
    rest = rest.substr(0, slash);
    while (access.base_path.ends_with('/')) access.base_path.pop_back();
  }
  if (access.base_path.find_first_of("?# \r\n") != std::string::npos) {
    return bad_url(url, "a path must be plain");
  }
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return bad_url(url, "']' is missing");
    access.host = rest.substr(1, end - 1);
    rest = rest.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return bad_url(url, "no port after ']'");
    port = rest;
  } else {
    const auto colon = rest.find(':');
    access.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? "" : rest.substr(colon);
  }
  if (access.host.empty() || !std::ranges::all_of(access.host, may_be_in_a_host)) {
    return bad_url(url, "no host");
  }
  if (!port.empty()) {
    const auto number = port_from(port.substr(1));
    if (!number) return bad_url(url, "no port from 1 to 65535");
    access.port = *number;
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
