#include "agent/http/settings/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/settings/web_settings.h"

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
  EXPECT_FALSE(config->tls->prefer_server_cipher_suites);
  EXPECT_EQ(config->headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-Frame-Options", "deny"}}));
  EXPECT_EQ(config->users.at("prom"), kHash);
  EXPECT_EQ(config->rate_limit, (RateLimit{.interval = 90s, .burst = 5}));
}

TEST(WebConfig, MayBeEmptyAndThenMeansPlainHttp) {
  for (const char* yaml : {"", "{}", "tls_server_config:\n", "tls_server_config: {}\n",
                           "tls_server_config: {min_version: TLS12}\n"}) {
    const auto config = parse_web_config(yaml, "w.yml");
    ASSERT_TRUE(config) << yaml;
    EXPECT_FALSE(config->tls) << yaml;
  }
}

TEST(WebConfig, IsRefusedWithFileAndLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"tls:\n", "w.yml:1: unknown key \"tls\" in the web config"},
      {"basic_auth_users:\n  a: plain\n",
       "w.yml:2: the password of user \"a\" is not a bcrypt hash"},
      {"http_server_config:\n  headers:\n    Server: x\n",
       "w.yml:3: HTTP header \"Server\" can not be configured"},
      {"http_server_config:\n  headers:\n    X-Frame-Options: x\n",
       "w.yml:3: invalid value for X-Frame-Options: \"x\""},
      {"http_server_config:\n  http2: maybe\n", "w.yml:2: expected true or false"},
      {"tls_server_config:\n  cert_file: a\n", "w.yml:2: missing one of key or key_file"},
      {"tls_server_config:\n  key_file: a\n", "w.yml:2: missing one of cert or cert_file"},
      {"tls_server_config:\n  cert: a\n  key: b\n  client_ca: c\n",
       "w.yml:2: a client CA needs a client_auth_type"},
      {"tls_server_config:\n  cert: a\n  client_auth_type: Never\n",
       "w.yml:3: unknown client_auth_type \"Never\""},
      {"tls_server_config:\n  min_version: SSL3\n",
       "w.yml:2: unknown TLS version \"SSL3\": TLS10 to TLS13"},
      {"rate_limit:\n  interval: soon\n", "w.yml:2: interval is not a duration such as 1s"},
      {"rate_limit:\n  burst: 0\n", "w.yml:2: burst is not a number above 0"},
      {"rate_limit: {}\nrate_limit: {}\n", "w.yml:2: key \"rate_limit\" is there twice"},
      {"[1]\n", "w.yml:1: the web config is not a mapping"},
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

TEST(WebConfig, KnowsGoDurations) {
  EXPECT_EQ(parse_go_duration("0"), 0ns);
  EXPECT_EQ(parse_go_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_go_duration("1h2m3s"), 1h + 2min + 3s);
  EXPECT_EQ(parse_go_duration("100ms"), 100ms);
  for (const char* bad : {"", "1", "s", "-1s", "1 s", "1x", "nan", "1e400s"}) {
    EXPECT_FALSE(parse_go_duration(bad)) << bad;
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
