#include "agent/http/settings/web_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "agent/document/fields.h"
#include "agent/document/settings.h"
#include "agent/http/settings/basic_auth.h"
#include "agent/http/settings/go_tls.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

constexpr int kTls13 = 13;

template <class T>
struct Word {
  std::string_view word;
  T meaning;
};

// The meaning of the word at `key`; complains if the word is unknown.
template <class T>
T one_of(const Fields& fields, std::string_view key, std::span<const Word<T>> words, T otherwise) {
  if (!fields.has(key)) return otherwise;
  const std::string text = fields.word(key);
  const auto found = std::ranges::find(words, std::string_view(text), &Word<T>::word);
  if (found != words.end()) return found->meaning;
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (word.empty()) continue;
    known += known.empty() ? "" : ", ";
    known += word;
  }
  fields.complain(fields.line_of(key), fmt::format("{} must be one of {}, not {}",
                                                   fields.path_of(key), known, shown_text(text)));
  return otherwise;
}

int tls_version(const Fields& tls, std::string_view key, int otherwise) {
  static constexpr Word<int> kVersions[] = {
      {"TLS10", 10}, {"TLS11", 11}, {"TLS12", 12}, {"TLS13", kTls13}};
  return one_of<int>(tls, key, kVersions, otherwise);
}

ClientAuth client_auth(const Fields& tls) {
  static constexpr Word<ClientAuth> kTypes[] = {
      {"", ClientAuth::none},
      {"NoClientCert", ClientAuth::none},
      {"RequestClientCert", ClientAuth::request},
      {"RequireAnyClientCert", ClientAuth::require_any},
      {"RequireClientCert", ClientAuth::require_any},
      {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
      {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};
  return one_of<ClientAuth>(tls, "client_auth_type", kTypes, ClientAuth::none);
}

// The names at `key`; complains about those that Go does not know.
std::vector<std::string> go_names(const Fields& tls, std::string_view key,
                                  bool (*is_known)(std::string_view)) {
  std::vector<std::string> names = tls.words(key);
  for (const std::string& name : names) {
    if (is_known(name)) continue;
    tls.complain(tls.line_of(key),
                 fmt::format("{}: unknown name {}", tls.path_of(key), shown_text(name)));
  }
  return names;
}

void check_tls(const Fields& fields, const TlsConfig& tls) {
  const bool has_ca = !tls.client_ca.empty() || !tls.client_ca_file.empty();
  if (tls.cert.empty() && tls.cert_file.empty()) fields.refuse("needs a cert or cert_file");
  if (tls.key.empty() && tls.key_file.empty()) fields.refuse("needs a key or key_file");
  if (has_ca && tls.client_auth == ClientAuth::none) {
    fields.refuse("a client CA needs a client_auth_type");
  }
  const bool requires_certificate = tls.client_auth == ClientAuth::require_any ||
                                    tls.client_auth == ClientAuth::require_and_verify;
  if (tls.client_allowed_sans && !requires_certificate) {
    fields.refuse("client_allowed_sans needs a client_auth_type that requires a certificate");
  }
  if (tls.min_version > tls.max_version) fields.refuse("min_version is above max_version");
  if (tls.max_version < kTls13 && openssl_ciphers(tls.cipher_suites).empty()) {
    fields.refuse("cipher_suites has none for the TLS versions allowed");
  }
}

TlsConfig tls_fields(const Fields& fields) {
  static constexpr std::string_view kKeys[] = {"cert_file",
                                               "key_file",
                                               "client_ca_file",
                                               "cert",
                                               "key",
                                               "client_ca",
                                               "client_auth_type",
                                               "client_allowed_sans",
                                               "cipher_suites",
                                               "curve_preferences",
                                               "min_version",
                                               "max_version",
                                               "prefer_server_cipher_suites"};
  fields.allow_only(kKeys);
  // Since 1.17 Go ignores this and decides on its own.
  (void)fields.boolean("prefer_server_cipher_suites");
  TlsConfig tls;
  tls.cert_file = fields.word("cert_file");
  tls.key_file = fields.word("key_file");
  tls.client_ca_file = fields.word("client_ca_file");
  tls.cert = fields.word("cert");
  tls.key = fields.word("key");
  tls.client_ca = fields.word("client_ca");
  tls.client_auth = client_auth(fields);
  if (fields.has("client_allowed_sans")) {
    tls.client_allowed_sans = fields.words("client_allowed_sans");
  }
  tls.cipher_suites = go_names(fields, "cipher_suites", is_go_cipher);
  tls.curve_preferences = go_names(fields, "curve_preferences", is_go_curve);
  tls.min_version = tls_version(fields, "min_version", tls.min_version);
  tls.max_version = tls_version(fields, "max_version", tls.max_version);
  return tls;
}

// Nothing, which is plain HTTP, if the section only repeats defaults.
std::optional<TlsConfig> read_tls(const Fields& fields, GivenUp& given_up) {
  given_up.tls = fields.value().members.empty();
  given_up.client_certificates = fields.word("client_auth_type") == "NoClientCert";
  TlsConfig tls = tls_fields(fields);
  const bool asked_for = !tls.cert.empty() || !tls.cert_file.empty() || !tls.key.empty() ||
                         !tls.key_file.empty() || !tls.client_ca.empty() ||
                         !tls.client_ca_file.empty() || !fields.word("client_auth_type").empty();
  if (!asked_for) return std::nullopt;
  check_tls(fields, tls);
  return tls;
}

void check_header(const Fields& headers, const std::string& name, const std::string& value) {
  struct Header {
    std::string_view name;
    std::vector<std::string_view> values;  // empty: any value
  };
  static const std::vector<Header> kAllowed{{"Strict-Transport-Security", {}},
                                            {"X-Content-Type-Options", {"nosniff"}},
                                            {"X-Frame-Options", {"deny", "sameorigin"}},
                                            {"X-XSS-Protection", {}},
                                            {"Content-Security-Policy", {}}};
  const auto found = std::ranges::find(kAllowed, std::string_view(name), &Header::name);
  if (found == kAllowed.end()) {
    return headers.complain(headers.line_of(name),
                            fmt::format("HTTP header {} can not be configured", shown_text(name)));
  }
  const auto& values = found->values;
  const bool known = values.empty() || contains(values, std::string_view(value));
  if (!known || value.find_first_of("\r\n") != std::string::npos) {
    headers.complain(headers.line_of(name),
                     fmt::format("invalid value for {}: {}", name, shown_text(value)));
  }
}

// HTTP/2 is negotiated in TLS, where we never offer it; both values are accepted.
void read_http(const Fields& fields, WebConfig& config) {
  static constexpr std::string_view kKeys[] = {"http2", "headers"};
  fields.allow_only(kKeys);
  (void)fields.boolean("http2");
  const auto headers = fields.section("headers");
  if (!headers) return;
  for (const Member& member : headers->value().members) {
    const std::string value = headers->word(member.key);
    check_header(*headers, member.key, value);
    config.headers.emplace_back(member.key, value);
  }
}

void read_users(const Fields& users, WebConfig& config) {
  config.given_up.users = users.value().members.empty();
  for (const Member& member : users.value().members) {
    // The message goes to a log, so the hash stays out of it.
    if (!member.value.is_scalar() || !is_bcrypt_hash(member.value.text)) {
      users.complain(member.line, fmt::format("the password of user {} is not a bcrypt hash",
                                              shown_text(member.key)));
      continue;
    }
    if (const int cost = bcrypt_cost(member.value.text); cost > kMostBcryptCost) {
      users.complain(member.line, fmt::format("the password of user {} has bcrypt cost {}: above "
                                              "{} a check takes longer than clients wait",
                                              shown_text(member.key), cost, kMostBcryptCost));
      continue;
    }
    config.users[member.key] = member.value.text;
  }
}

// A bare number is nanoseconds, as in Go's decoder.
std::optional<std::chrono::nanoseconds> interval_of(const Value& value) {
  if (const auto duration = parse_duration(value.text)) return duration;
  if (!value.plain) return std::nullopt;
  const auto number = parse_number<std::uint32_t>(value.text);
  if (!number) return std::nullopt;
  return std::chrono::nanoseconds(*number);
}

void read_rate_limit(const Fields& fields, RateLimit& limit) {
  static constexpr std::string_view kKeys[] = {"interval", "burst"};
  fields.allow_only(kKeys);
  if (const Value* value = fields.value().find("interval")) {
    const auto interval = interval_of(*value);
    if (!interval) fields.complain(value->line, "interval is not a duration such as 1s");
    limit.interval = interval.value_or(limit.interval);
  }
  if (!fields.has("burst")) return;
  const auto burst = parse_number<decltype(limit.burst)>(fields.word("burst"));
  if (!burst) return fields.complain(fields.line_of("burst"), "burst is not a number");
  if (limit.interval == limit.interval.zero()) return;  // no limit: the burst does not matter
  if (*burst < 1) {
    return fields.complain(fields.line_of("burst"),
                           fmt::format("burst {} would let no request pass", *burst));
  }
  limit.burst = *burst;
}

// Refuses an empty section, as in a truncated file: only {} says so on purpose.
void refuse_unfinished(const Fields& root) {
  for (const std::string_view key : {"tls_server_config", "basic_auth_users"}) {
    const Member* member = root.value().member(key);
    if (member == nullptr || !member->value.is_null()) continue;
    root.complain(member->line,
                  fmt::format("{} is empty: \"{}: {{}}\" says so on purpose", key, key));
  }
}

WebConfig read_document(const Fields& root) {
  static constexpr std::string_view kKeys[] = {"tls_server_config", "http_server_config",
                                               "basic_auth_users", "rate_limit"};
  WebConfig config;
  root.allow_only(kKeys);
  refuse_unfinished(root);
  if (const auto tls = root.section("tls_server_config")) {
    config.tls = read_tls(*tls, config.given_up);
  }
  if (const auto http = root.section("http_server_config")) read_http(*http, config);
  if (const auto users = root.section("basic_auth_users")) read_users(*users, config);
  if (const auto limit = root.section("rate_limit")) read_rate_limit(*limit, config.rate_limit);
  return config;
}

void resolve(std::string& path, const std::string& file) {
  if (!path.empty()) path = (std::filesystem::path(file).parent_path() / path).string();
}

}  // namespace

Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file) {
  auto document = parse_settings(yaml, file);
  if (!document) return std::unexpected(std::move(document).error());
  if (document->root.is_null()) return WebConfig{};  // as in Go: nothing is configured
  std::vector<Complaint>& complaints = document->complaints;
  const Fields root(document->root, "", complaints);
  if (!root.usable()) return std::unexpected(without_complaints(file, complaints).error());
  WebConfig config = read_document(root);
  if (auto fine = without_complaints(file, complaints); !fine) {
    return std::unexpected(std::move(fine).error());
  }
  if (config.tls) {
    resolve(config.tls->cert_file, file);
    resolve(config.tls->key_file, file);
    resolve(config.tls->client_ca_file, file);
  }
  return config;
}

}  // namespace hostnet
