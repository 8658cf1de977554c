#include "agent/http/settings/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/settings/go_tls.h"
#include "agent/http/settings/web_settings.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHash = "$2y$05$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234";

TEST(WebConfig, IsReadWhole) {
  const auto config = parse_web_config(
      std::string("tls_server_config:\n  cert_file: a.pem\n  key_file: /etc/b.pem\n"
                  "  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n"
                  "  min_version: TLS13\n  prefer_server_cipher_suites: false\n"
                  "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
                  "basic_auth_users:\n  prom: ") +
          kHash + "\nrate_limit: {interval: 1m30s, burst: 5}\n",
      "/cfg/web.yml");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(config->tls->cert_file, "/cfg/a.pem");
  EXPECT_EQ(config->tls->key_file, "/etc/b.pem");
  EXPECT_EQ(config->tls->client_auth, ClientAuth::verify_if_given);
  EXPECT_EQ(config->tls->min_version, 13);
  EXPECT_EQ(config->headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-Frame-Options", "deny"}}));
  EXPECT_EQ(config->users.at("prom"), kHash);
  EXPECT_EQ(config->rate_limit, (RateLimit{.interval = 90s, .burst = 5}));
}

TEST(WebConfig, WithoutTlsSettingsMeansPlainHttp) {
  for (const char* yaml :
       {"{}", "tls_server_config: {}\n", "tls_server_config: {min_version: TLS12}\n"}) {
    const auto config = parse_web_config(yaml, "w.yml");
    ASSERT_TRUE(config) << yaml;
    EXPECT_FALSE(config->tls) << yaml;
  }
}

TEST(WebConfig, IsRefusedWithFileAndLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"tls:\n", "w.yml:1: unknown key \"tls\""},
      {"basic_auth_users:\n  a: plain\n",
       "w.yml:2: the password of user \"a\" is not a bcrypt hash"},
      {"basic_auth_users:\n  a: $2b$17$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234\n",
       "w.yml:2: the password of user \"a\" has bcrypt cost 17: above 16 a check takes longer than "
       "clients wait"},
      {"http_server_config:\n  headers:\n    Server: x\n",
       "w.yml:3: HTTP header \"Server\" can not be configured"},
      {"http_server_config:\n  headers:\n    X-Frame-Options: x\n",
       "w.yml:3: invalid value for X-Frame-Options: \"x\""},
      {"http_server_config:\n  http2: maybe\n",
       "w.yml:2: http_server_config.http2 must be true or false, not maybe"},
      {"tls_server_config:\n  cert_file: a\n",
       "w.yml:2: tls_server_config: needs a key or key_file"},
      {"tls_server_config:\n  key_file: a\n",
       "w.yml:2: tls_server_config: needs a cert or cert_file"},
      {"tls_server_config:\n  cert: a\n  key: b\n  client_ca: c\n",
       "w.yml:2: tls_server_config: a client CA needs a client_auth_type"},
      {"tls_server_config:\n  cert: a\n  client_auth_type: Never\n",
       "w.yml:3: tls_server_config.client_auth_type must be one of NoClientCert, "
       "RequestClientCert, "
       "RequireAnyClientCert, RequireClientCert, VerifyClientCertIfGiven, "
       "RequireAndVerifyClientCert, not \"Never\""},
      {"tls_server_config:\n  min_version: SSL3\n",
       "w.yml:2: tls_server_config.min_version must be one of TLS10, TLS11, TLS12, TLS13, not "
       "\"SSL3\""},
      // Cut short, as an editor or a full disk leaves it.
      {"tls_server_config:\n",
       "w.yml:1: tls_server_config is empty: \"tls_server_config: {}\" says so on purpose"},
      {"tls_server_config: {}\nbasic_auth_users:\n",
       "w.yml:2: basic_auth_users is empty: \"basic_auth_users: {}\" says so on purpose"},
      {"rate_limit:\n  interval: soon\n", "w.yml:2: interval is not a duration such as 1s"},
      {"rate_limit:\n  interval: 1s\n  burst: 0\n", "w.yml:3: burst 0 would let no request pass"},
      {"rate_limit: {interval: 1s, burst: x}\n", "w.yml:1: burst is not a number"},
      {"rate_limit: {}\nrate_limit: {}\n",
       "w.yml:2: duplicate key \"rate_limit\", first on line 1"},
      {"[1]\n", "w.yml:1: the document must be a mapping, not a list"},
      {"http_server_config: {headers: {X-XSS-Protection: a, X-XSS-Protection: b}}\n",
       "w.yml:1: duplicate key \"X-XSS-Protection\", first on line 1"},
      {"tls_server_config:\n  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
       "w.yml:2: tls_server_config.cipher_suites: unknown name \"TLS_RSA_WITH_RC4_128_SHA\""},
      {"tls_server_config:\n  curve_preferences: [P-256]\n",
       "w.yml:2: tls_server_config.curve_preferences: unknown name \"P-256\""},
      {"tls_server_config:\n  cert: a\n  key: b\n  client_allowed_sans: []\n",
       "w.yml:2: tls_server_config: client_allowed_sans needs a client_auth_type that requires a "
       "certificate"},
      {"tls_server_config:\n  cert: a\n  key: b\n  max_version: TLS12\n"
       "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
       "w.yml:2: tls_server_config: cipher_suites has none for the TLS versions allowed"},
  };
  for (const auto& [yaml, message] : cases) {
    const auto config = parse_web_config(yaml, "w.yml");
    ASSERT_FALSE(config) << yaml;
    EXPECT_EQ(config.error().message, message);
  }
  const auto broken = parse_web_config("a: [\n", "w.yml");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, testing::StartsWith("w.yml:"));
}

TEST(WebConfig, SaysWhatItDoesWithoutOnPurpose) {
  const auto given_up = [](const char* yaml) { return parse_web_config(yaml, "w.yml")->given_up; };
  EXPECT_EQ(given_up("basic_auth_users: {}\n"), (GivenUp{.users = true}));
  EXPECT_EQ(given_up("tls_server_config: {}\n"), (GivenUp{.tls = true}));
  EXPECT_EQ(given_up("tls_server_config: {cert: a, key: b, client_auth_type: NoClientCert}\n"),
            (GivenUp{.client_certificates = true}));
  // What an editor or a full disk leaves of a file.
  for (const char* cut : {"{}\n", "tls_server_config: {cert: a, key: b}\n"}) {
    EXPECT_EQ(given_up(cut), GivenUp{}) << cut;
  }
}

TEST(WebConfig, LosesNoProtectionWithoutSayingSo) {
  const auto config = [](const std::string& yaml) { return *parse_web_config(yaml, "w.yml"); };
  const std::string hash = "$2y$04$" + std::string(53, 'a');
  const std::string users = "basic_auth_users: {a: " + hash + ", b: " + hash + "}\n";
  const std::string tls = "tls_server_config: {cert: a, key: b";
  const std::string certificates = tls + ", client_auth_type: RequireAnyClientCert";
  EXPECT_EQ(lost_protection(config(users), config("basic_auth_users: {a: " + hash + "}\n")), "");
  EXPECT_EQ(lost_protection(config(users), config("basic_auth_users: {}\n")), "");
  EXPECT_NE(lost_protection(config(users), config("{}\n")), "");
  EXPECT_EQ(lost_protection(config("{}\n"), config(users + tls + "}\n")), "");
  EXPECT_NE(lost_protection(config(tls + "}\n"), config("http_server_config: {}\n")), "");
  EXPECT_EQ(lost_protection(config(tls + "}\n"), config("tls_server_config: {}\n")), "");
  EXPECT_NE(lost_protection(config(certificates + "}\n"), config(tls + "}\n")), "");
  EXPECT_EQ(lost_protection(config(certificates + "}\n"),
                            config(tls + ", client_auth_type: NoClientCert}\n")),
            "");
  EXPECT_NE(lost_protection(config(certificates + ", client_allowed_sans: [a]}\n"),
                            config(certificates + "}\n")),
            "");
}

TEST(WebConfig, LeavesTheOrderOfSuitesAndThoseOfTls13ToGo) {
  EXPECT_EQ(openssl_ciphers({"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256",
                             "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}),
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_EQ(openssl_ciphers({"TLS_AES_128_GCM_SHA256"}), "");
  EXPECT_EQ(openssl_groups({"CurveP256", "X25519"}), "P-256:X25519");
  EXPECT_EQ(openssl_groups({}), "X25519:P-256:P-384:P-521");
}

TEST(WebConfig, AsksForNothingWhenEmpty) {  // exporter-toolkit: web/tls_config_test.go
  for (const char* empty : {"", "# nothing\n", "---\n"}) {
    const auto config = parse_web_config(empty, "w");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(*config, WebConfig{});
  }
}

TEST(WebConfig, LimitsNothingWithoutAnInterval) {
  const auto config = parse_web_config("rate_limit: {interval: 0s, burst: 0}\n", "w");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->rate_limit, RateLimit{});
}

TEST(WebConfig, TakesAnIntervalInNanoseconds) {
  EXPECT_EQ(parse_web_config("rate_limit: {interval: 1000000000}\n", "w")->rate_limit.interval, 1s);
  EXPECT_FALSE(parse_web_config("rate_limit: {interval: '1000000000'}\n", "w"));
}

TEST(WebConfig, KnowsGoDurations) {
  EXPECT_EQ(parse_duration("0"), 0ns);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("1h2m3s"), 1h + 2min + 3s);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  for (const char* bad : {"", "1", "s", "-1s", "1 s", "1x", "nan", "1e400s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(RateLimiter, FillsOneTokenPerInterval) {
  RateLimiter limiter;
  const RateLimit limit{.interval = 1s, .burst = 2};
  RateLimiter::Time now{};
  EXPECT_TRUE(limiter.allow(limit, now));
  EXPECT_TRUE(limiter.allow(limit, now));
  EXPECT_FALSE(limiter.allow(limit, now));
  EXPECT_FALSE(limiter.allow(limit, now + 900ms));
  EXPECT_TRUE(limiter.allow(limit, now + 1100ms));
  EXPECT_FALSE(limiter.allow(limit, now + 1200ms));
  EXPECT_TRUE(limiter.allow(limit, now + 100s));
  EXPECT_TRUE(limiter.allow(limit, now + 100s));
  EXPECT_FALSE(limiter.allow(limit, now + 100s));
  EXPECT_TRUE(limiter.allow({}, now));
}

}  // namespace
}  // namespace hostnet
