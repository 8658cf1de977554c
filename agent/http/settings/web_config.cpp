#include "agent/http/settings/web_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "agent/http/settings/basic_auth.h"
#include "agent/http/settings/go_tls.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

constexpr int kTls13 = 13;

// Thrown within this file only: yaml-cpp throws as well.
struct BadWebConfig {
  YAML::Mark mark;
  std::string what;
};

// Go's decoder refuses a key that is there twice, here and in the sections whose
// keys are the user's.
std::string new_key(const YAML::Node& key, std::set<std::string>& seen) {
  auto name = key.as<std::string>();
  if (!seen.insert(name).second) {
    throw BadWebConfig{key.Mark(), fmt::format("key \"{}\" is there twice", name)};
  }
  return name;
}

using KeyReaders = std::map<std::string, std::function<void(const YAML::Node&)>, std::less<>>;

void read_mapping(const YAML::Node& node, std::string_view where, const KeyReaders& readers) {
  if (node.IsNull()) return;
  if (!node.IsMap()) throw BadWebConfig{node.Mark(), fmt::format("{} is not a mapping", where)};
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = new_key(entry.first, seen);
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      throw BadWebConfig{entry.first.Mark(), fmt::format("unknown key \"{}\" in {}", key, where)};
    }
    reader->second(entry.second);
  }
}

std::string scalar(const YAML::Node& node) {
  if (node.IsNull()) return {};
  if (!node.IsScalar()) throw BadWebConfig{node.Mark(), "expected one value"};
  return node.Scalar();
}

std::vector<std::string> list_of(const YAML::Node& node) {
  std::vector<std::string> items;
  if (node.IsNull()) return items;
  if (!node.IsSequence()) throw BadWebConfig{node.Mark(), "expected a list"};
  for (const auto& item : node) items.push_back(scalar(item));
  return items;
}

bool boolean(const YAML::Node& node) {
  bool value = false;
  if (!YAML::convert<bool>::decode(node, value)) {
    throw BadWebConfig{node.Mark(), "expected true or false"};
  }
  return value;
}

auto into(std::string& target) {
  return [&target](const YAML::Node& node) { target = scalar(node); };
}

int tls_version(const YAML::Node& node) {
  static const std::map<std::string, int, std::less<>> kVersions{
      {"TLS10", 10}, {"TLS11", 11}, {"TLS12", 12}, {"TLS13", 13}};
  const auto found = kVersions.find(scalar(node));
  if (found == kVersions.end()) {
    throw BadWebConfig{node.Mark(),
                       fmt::format("unknown TLS version \"{}\": TLS10 to TLS13", scalar(node))};
  }
  return found->second;
}

ClientAuth client_auth(const YAML::Node& node) {
  static const std::map<std::string, ClientAuth, std::less<>> kTypes{
      {"", ClientAuth::none},
      {"NoClientCert", ClientAuth::none},
      {"RequestClientCert", ClientAuth::request},
      {"RequireAnyClientCert", ClientAuth::require_any},
      {"RequireClientCert", ClientAuth::require_any},
      {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
      {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};
  const auto found = kTypes.find(scalar(node));
  if (found == kTypes.end()) {
    throw BadWebConfig{node.Mark(), fmt::format("unknown client_auth_type \"{}\"", scalar(node))};
  }
  return found->second;
}

// Of Go's names; what it does not know it refuses.
std::vector<std::string> known_names(const YAML::Node& node, std::string_view what,
                                     bool (*is_known)(std::string_view)) {
  std::vector<std::string> names = list_of(node);
  const auto unknown = std::ranges::find_if_not(names, is_known);
  if (unknown != names.end()) {
    throw BadWebConfig{node.Mark(), fmt::format("unknown {}: \"{}\"", what, *unknown)};
  }
  return names;
}

void check_tls(const YAML::Node& node, const TlsConfig& tls, bool has_ca) {
  if (has_ca && tls.client_auth == ClientAuth::none) {
    throw BadWebConfig{node.Mark(), "a client CA needs a client_auth_type"};
  }
  const bool requires_certificate = tls.client_auth == ClientAuth::require_any ||
                                    tls.client_auth == ClientAuth::require_and_verify;
  if (tls.client_allowed_sans && !requires_certificate) {
    throw BadWebConfig{node.Mark(),
                       "client_allowed_sans needs a client_auth_type that requires a certificate"};
  }
  if (tls.min_version > tls.max_version) {
    throw BadWebConfig{node.Mark(), "min_version is above max_version"};
  }
  if (tls.max_version < kTls13 && openssl_ciphers(tls.cipher_suites).empty()) {
    throw BadWebConfig{node.Mark(), "cipher_suites has none for the TLS versions allowed"};
  }
}

// Nothing when the section only repeats defaults: plain HTTP then.
std::optional<TlsConfig> read_tls(const YAML::Node& node, GivenUp& given_up) {
  TlsConfig tls;
  bool auth_given = false;
  given_up.tls = node.IsMap() && node.size() == 0;
  read_mapping(
      node, "tls_server_config",
      {{"cert_file", into(tls.cert_file)},
       {"key_file", into(tls.key_file)},
       {"client_ca_file", into(tls.client_ca_file)},
       {"cert", into(tls.cert)},
       {"key", into(tls.key)},
       {"client_ca", into(tls.client_ca)},
       {"client_auth_type",
        [&](const auto& value) {
          tls.client_auth = client_auth(value);
          auth_given = !scalar(value).empty();
          given_up.client_certificates = scalar(value) == "NoClientCert";
        }},
       {"client_allowed_sans",
        [&](const auto& value) {
          if (!value.IsNull()) tls.client_allowed_sans = list_of(value);
        }},
       {"cipher_suites",
        [&](const auto& value) { tls.cipher_suites = known_names(value, "cipher", is_go_cipher); }},
       {"curve_preferences",
        [&](const auto& value) {
          tls.curve_preferences = known_names(value, "curve", is_go_curve);
        }},
       {"min_version", [&](const auto& value) { tls.min_version = tls_version(value); }},
       {"max_version", [&](const auto& value) { tls.max_version = tls_version(value); }},
       // Go decides since 1.17, whatever this says.
       {"prefer_server_cipher_suites", [](const auto& value) { boolean(value); }}});
  const bool has_cert = !tls.cert.empty() || !tls.cert_file.empty();
  const bool has_key = !tls.key.empty() || !tls.key_file.empty();
  const bool has_ca = !tls.client_ca.empty() || !tls.client_ca_file.empty();
  if (!has_cert && !has_key && !has_ca && !auth_given) return std::nullopt;
  if (!has_cert) throw BadWebConfig{node.Mark(), "missing one of cert or cert_file"};
  if (!has_key) throw BadWebConfig{node.Mark(), "missing one of key or key_file"};
  check_tls(node, tls, has_ca);
  return tls;
}

void check_header(const YAML::Node& node, const std::string& name, const std::string& value) {
  static const std::map<std::string, std::vector<std::string>, std::less<>> kAllowed{
      {"Strict-Transport-Security", {}},
      {"X-Content-Type-Options", {"nosniff"}},
      {"X-Frame-Options", {"deny", "sameorigin"}},
      {"X-XSS-Protection", {}},
      {"Content-Security-Policy", {}}};
  const auto found = kAllowed.find(name);
  if (found == kAllowed.end()) {
    throw BadWebConfig{node.Mark(), fmt::format("HTTP header \"{}\" can not be configured", name)};
  }
  const auto& values = found->second;
  const bool known = values.empty() || std::ranges::find(values, value) != values.end();
  if (!known || value.find_first_of("\r\n") != std::string::npos) {
    throw BadWebConfig{node.Mark(), fmt::format("invalid value for {}: \"{}\"", name, value)};
  }
}

void read_headers(const YAML::Node& node, WebConfig& config) {
  if (node.IsNull()) return;
  if (!node.IsMap()) throw BadWebConfig{node.Mark(), "headers is not a mapping"};
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = new_key(entry.first, seen);
    const std::string value = scalar(entry.second);
    check_header(entry.first, name, value);
    config.headers.emplace_back(name, value);
  }
}

void read_users(const YAML::Node& node, WebConfig& config) {
  if (node.IsNull()) return;
  if (!node.IsMap()) throw BadWebConfig{node.Mark(), "basic_auth_users is not a mapping"};
  config.given_up.users = node.size() == 0;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = new_key(entry.first, seen);
    // The hash itself stays out of the message: it goes to a log.
    if (!is_bcrypt_hash(scalar(entry.second))) {
      throw BadWebConfig{entry.second.Mark(),
                         fmt::format("the password of user \"{}\" is not a bcrypt hash", name)};
    }
    config.users[name] = scalar(entry.second);
  }
}

std::optional<std::chrono::nanoseconds> nanoseconds_of(std::string_view text) {
  const auto number = parse_number<std::uint32_t>(text);
  if (!number) return std::nullopt;
  return std::chrono::nanoseconds(*number);
}

void read_rate_limit(const YAML::Node& node, RateLimit& limit) {
  read_mapping(node, "rate_limit",
               {{"interval",
                 [&](const YAML::Node& value) {
                   const std::string text = scalar(value);
                   auto interval = parse_duration(text);
                   // As Go's decoder reads a number: nanoseconds.
                   if (!interval && value.Tag() != "!") interval = nanoseconds_of(text);
                   if (!interval) {
                     throw BadWebConfig{value.Mark(), "interval is not a duration such as 1s"};
                   }
                   limit.interval = *interval;
                 }},
                {"burst", [&](const YAML::Node& value) {
                   const std::string text = scalar(value);
                   const auto burst = parse_number<decltype(limit.burst)>(text);
                   if (!burst || *burst < 1) {
                     throw BadWebConfig{value.Mark(), "burst is not a number above 0"};
                   }
                   limit.burst = *burst;
                 }}});
}

WebConfig read_document(const YAML::Node& root) {
  WebConfig config;
  if (root.IsNull()) {
    throw BadWebConfig{root.Mark(),
                       "is empty (\"basic_auth_users: {}\" says that nobody signs in)"};
  }
  read_mapping(
      root, "the web config",
      {{"tls_server_config",
        [&](const auto& node) { config.tls = read_tls(node, config.given_up); }},
       {"http_server_config",
        [&](const auto& node) {
          // HTTP/2 is an offer in TLS that we do not make; both values are fine.
          read_mapping(node, "http_server_config",
                       {{"http2", [](const auto& value) { boolean(value); }},
                        {"headers", [&](const auto& value) { read_headers(value, config); }}});
        }},
       {"basic_auth_users", [&](const auto& node) { read_users(node, config); }},
       {"rate_limit", [&](const auto& node) { read_rate_limit(node, config.rate_limit); }}});
  return config;
}

void resolve(std::string& path, const std::string& file) {
  if (!path.empty()) path = (std::filesystem::path(file).parent_path() / path).string();
}

}  // namespace

Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file) {
  const auto refuse = [&](const YAML::Mark& mark, std::string_view what) {
    const std::string line = mark.is_null() ? "" : fmt::format("{}:", mark.line + 1);
    return failure(Reason::malformed, fmt::format("{}:{} {}", file, line, what));
  };
  try {
    WebConfig config = read_document(YAML::Load(std::string(yaml)));
    if (config.tls) {
      resolve(config.tls->cert_file, file);
      resolve(config.tls->key_file, file);
      resolve(config.tls->client_ca_file, file);
    }
    return config;
  } catch (const BadWebConfig& bad) {
    return refuse(bad.mark, bad.what);
  } catch (const YAML::Exception& error) {
    return refuse(error.mark, error.msg);
  }
}

}  // namespace hostnet
