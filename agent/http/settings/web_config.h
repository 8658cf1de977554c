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
// as there; errors read "FILE:LINE: what".
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
  std::vector<std::string> client_allowed_sans;
  std::vector<std::string> cipher_suites;      // Go's names
  std::vector<std::string> curve_preferences;  // CurveP256, X25519, ...
  int min_version{12};                         // 10 to 13: TLS 1.0 to 1.3
  int max_version{13};
  bool prefer_server_cipher_suites{true};
  bool operator==(const TlsConfig&) const = default;
};

struct RateLimit {
  std::chrono::nanoseconds interval{};  // a token each; 0: no limit
  int burst{1};
  bool operator==(const RateLimit&) const = default;
};

struct WebConfig {
  std::optional<TlsConfig> tls;
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string> users;  // name -> bcrypt hash
  RateLimit rate_limit;
  bool operator==(const WebConfig&) const = default;
};

// `file` is named in errors; relative paths are resolved against its folder.
Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file);

// Go's duration text: "1s", "1m30s", "100ms"; a bare 0. Nothing otherwise.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace hostnet
