#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/error.h"

// --web.config.file: the YAML of Prometheus' exporter-toolkit
// (docs/web-configuration.md there), as plain data. Unknown keys are refused,
// as there; errors read "FILE:LINE: what". Each key means what it means in Go:
// all TLS 1.3 cipher suites are always enabled, the order of suites is Go's and
// prefer_server_cipher_suites has no effect. Stricter than there: an empty file
// and a client CA without a certificate are refused.
namespace hostnet {

enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

struct TlsConfig {
  std::string cert_file;  // absolute, or relative to where the agent runs
  std::string key_file;
  std::string client_ca_file;
  std::string cert;  // PEM, instead of the file
  std::string key;
  std::string client_ca;
  ClientAuth client_auth{ClientAuth::none};
  std::optional<std::vector<std::string>> client_allowed_sans;  // empty: no client
  std::vector<std::string> cipher_suites;      // Go's names; TLS 1.3's are not configurable
  std::vector<std::string> curve_preferences;  // CurveP256, X25519, ...
  int min_version{12};                         // 10 to 13: TLS 1.0 to 1.3
  int max_version{13};
  bool operator==(const TlsConfig&) const = default;
};

struct RateLimit {
  std::chrono::nanoseconds interval{};  // per token; 0: no limit
  int burst{1};
  bool operator==(const RateLimit&) const = default;
};

// The protection that a file gives up explicitly: `basic_auth_users: {}`,
// `tls_server_config: {}`, `client_auth_type: NoClientCert`. A truncated file
// does not say so.
struct GivenUp {
  bool users{};
  bool tls{};
  bool client_certificates{};
  bool operator==(const GivenUp&) const = default;
};

struct WebConfig {
  std::optional<TlsConfig> tls;
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string> users;  // name -> bcrypt hash
  RateLimit rate_limit;
  GivenUp given_up;
  bool operator==(const WebConfig&) const = default;
};

// `file` is named in errors; relative paths are resolved against its folder. An empty text is a
// configuration without any settings.
Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file);

}  // namespace hostnet
