#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "agent/http/settings/basic_auth.h"
#include "tests/http/certificates.h"
#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

// Cost 4, the cheapest, so that tests are quick.
std::string cheap_hash(const char* password, const char* prefix = "$2y$04$") {
  crypt_data data{};
  return crypt_r(password, (std::string(prefix) + "abcdefghijklmnopqrstuu").c_str(), &data);
}

constexpr const char* kRight = "Authorization: Basic cHJvbTpzZWNyZXQ=\r\n";       // prom:secret
constexpr const char* kWrong = "Authorization: Basic cHJvbTpndWVzcw==\r\n";       // prom:guess
constexpr const char* kNobody = "Authorization: Basic bm9ib2R5OnNlY3JldA==\r\n";  // nobody:secret

TEST(BasicAuth, ReadsCredentials) {
  EXPECT_EQ(basic_credentials("Basic cHJvbTpzZWNyZXQ="),
            (Credentials{.user = "prom", .password = "secret"}));
  EXPECT_EQ(basic_credentials("basic  YTo="), (Credentials{.user = "a", .password = ""}));
  EXPECT_EQ(basic_credentials("Basic YTpiOmM="), (Credentials{.user = "a", .password = "b:c"}));
  for (const char* bad : {"", "Basic", "Basic ", "Bearer YTo=", "Basic YQ==", "Basic YTo",
                          "Basic ????", "BasicYTo="}) {
    EXPECT_FALSE(basic_credentials(bad)) << bad;
  }
}

TEST(BasicAuth, KnowsBcryptHashes) {
  const std::string hash = cheap_hash("x");
  EXPECT_TRUE(is_bcrypt_hash(hash));
  EXPECT_TRUE(is_bcrypt_hash("$2b" + hash.substr(3)));
  for (const std::string& bad :
       {std::string(), std::string("plain"), hash.substr(1), hash + "x", "$2x" + hash.substr(3),
        "$2y$03" + hash.substr(6), "$2y$32" + hash.substr(6), hash.substr(0, 59) + "$"}) {
    EXPECT_FALSE(is_bcrypt_hash(bad)) << bad;
  }
}

TEST(BasicAuth, MatchesPasswordsAsGoAndApacheHashThem) {
  EXPECT_TRUE(bcrypt_matches(cheap_hash("secret"), "secret"));
  EXPECT_TRUE(bcrypt_matches(cheap_hash("secret", "$2b$04$"), "secret"));
  EXPECT_FALSE(bcrypt_matches(cheap_hash("secret"), "guess"));
  EXPECT_FALSE(bcrypt_matches(cheap_hash("secret"), std::string("secret\0x", 8)));
}

TEST(PasswordCache, RemembersUntilTheHashChanges) {
  PasswordCache cache;
  Users users{{"prom", cheap_hash("secret")}};
  const Credentials right{.user = "prom", .password = "secret"};
  EXPECT_EQ(cache.find(users, right), std::nullopt);
  EXPECT_TRUE(cache.check(users, right));
  EXPECT_EQ(cache.find(users, right), true);
  users["prom"] = cheap_hash("new");
  EXPECT_EQ(cache.find(users, right), std::nullopt);
  EXPECT_FALSE(cache.check(users, right));
  EXPECT_EQ(cache.find(users, right), false);
}

TEST(PasswordCache, GuessesDoNotPushOutWhoIsKnown) {
  PasswordCache cache;
  const Users users{{"prom", cheap_hash("secret")}};
  const Credentials right{.user = "prom", .password = "secret"};
  ASSERT_TRUE(cache.check(users, right));
  for (int i = 0; i < 300; ++i) {
    EXPECT_FALSE(cache.check(users, {.user = "prom", .password = std::to_string(i)}));
  }
  EXPECT_EQ(cache.find(users, right), true);
  EXPECT_EQ(cache.find(users, {.user = "prom", .password = "0"}), std::nullopt);
}

struct SignIn {
  TestFolder folder;
  ServerOptions options;
  explicit SignIn(const std::string& more = "") {
    options.reload_interval = std::chrono::milliseconds(10);
    options.web_config_file =
        folder.write("web.yml", "basic_auth_users:\n  prom: " + cheap_hash("secret") + "\n" + more);
  }
};

TEST(SignIn, IsAskedForEverywhereButOnHealthz) {
  const SignIn sign_in;
  const Serving serving(sign_in.options);
  EXPECT_FALSE(serving.server->tls());
  for (const char* path : {"/metrics", "/ports", "/nowhere"}) {
    const auto answer = fetch(serving.port, path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401) << path;
    EXPECT_EQ(answer->body, "Unauthorized\n");
    EXPECT_EQ(header(answer->headers, "WWW-Authenticate"), "Basic");
  }
  EXPECT_EQ(fetch(serving.port, "/healthz")->status, 200);
  for (int i = 0; i < 2; ++i) {  // by bcrypt, then remembered
    EXPECT_EQ(fetch(serving.port, "/metrics", kWrong)->status, 401);
    EXPECT_EQ(fetch(serving.port, "/metrics", kNobody)->status, 401);
    EXPECT_EQ(fetch(serving.port, "/metrics", kRight)->status, 200);
  }
  EXPECT_THAT(fetch(serving.port, "/echo", kRight)->body, testing::HasSubstr("user=prom\n"));
}

TEST(SignIn, KeepsTheConnection) {
  const SignIn sign_in;
  const Serving serving(sign_in.options);
  Client client(serving.port);
  for (const char* credentials : {kWrong, kRight, "", kRight}) {
    client.send(get("/metrics", credentials));
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, credentials == kRight ? 200 : 401);
  }
}

TEST(SignIn, GuessersDoNotDelayWhoIsKnown) {
  // A cost that makes each guess take hundreds of times what a fetch takes.
  const TestFolder folder;
  ServerOptions options;
  options.web_config_file = folder.write(
      "web.yml", "basic_auth_users:\n  prom: " + cheap_hash("secret", "$2y$13$") + "\n");
  const Serving serving(options);
  ASSERT_EQ(fetch(serving.port, "/metrics", kRight)->status, 200);
  std::vector<std::unique_ptr<Client>> guessers;
  for (int i = 0; i < 20; ++i) {
    guessers.push_back(std::make_unique<Client>(serving.port));
    const char letter = static_cast<char>('A' + i);
    guessers.back()->send(
        get("/metrics", std::string("Authorization: Basic cHJvbTpn") + letter + "WVzcw==\r\n"));
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(fetch(serving.port, "/metrics", kRight)->status, 200);
  }
  // All of that while guesses still wait for their bcrypt.
  EXPECT_LT(serving.server->stats().requests[std::pair("/metrics", 401)], 20U);
}

TEST(SignIn, PasswordsChangeWithTheFile) {
  const SignIn sign_in;
  const Serving serving(sign_in.options);
  ASSERT_EQ(fetch(serving.port, "/metrics", kRight)->status, 200);
  sign_in.folder.write("web.yml", "basic_auth_users:\n  prom: " + cheap_hash("guess") + "\n");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (fetch(serving.port, "/metrics", kWrong)->status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  EXPECT_EQ(fetch(serving.port, "/metrics", kRight)->status, 401);
}

TEST(SignIn, StaysWhenTheFileIsCutShort) {
  const SignIn sign_in;
  std::atomic<int> refused{0};
  std::atomic<int> loaded{0};
  ServerOptions options = sign_in.options;
  options.on_reload = [&](const Result<>& result) { ++(result ? loaded : refused); };
  const Serving serving(options);
  int reports = 0;
  for (const char* cut : {"", "basic_auth_users:\n", "rate_limit: {}\n"}) {
    std::ofstream(options.web_config_file, std::ios::trunc) << cut;  // in place
    ++reports;
    while (refused < reports) EXPECT_EQ(fetch(serving.port, "/metrics")->status, 401);
    EXPECT_EQ(fetch(serving.port, "/metrics")->status, 401);
  }
  EXPECT_EQ(loaded, 0);
  std::ofstream(options.web_config_file, std::ios::trunc) << "basic_auth_users: {}\n";
  while (loaded == 0) std::this_thread::yield();
  EXPECT_EQ(fetch(serving.port, "/metrics")->status, 200);
}

TEST(WebConfigInForce, SetsHeadersAndLimitsTheRate) {
  const TestFolder folder;
  ServerOptions options;
  options.web_config_file = folder.write(
      "web.yml",
      "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
      "    Content-Security-Policy: default-src 'self'\nrate_limit: {interval: 1h, burst: 2}\n");
  const Serving serving(options);
  const auto page = fetch(serving.port, "/page");
  ASSERT_TRUE(page);
  EXPECT_EQ(header(page->headers, "X-Frame-Options"), "deny");
  EXPECT_EQ(header(page->headers, "Content-Security-Policy"), "default-src 'self'");
  EXPECT_EQ(fetch(serving.port, "/metrics")->status, 200);
  const auto limited = fetch(serving.port, "/metrics?format=json");
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->status, 429);
  EXPECT_EQ(limited->body, "{\"error\":{\"status\":429,\"message\":\"Too Many Requests\"}}\n");
  EXPECT_EQ(fetch(serving.port, "/healthz")->status, 200);
}

}  // namespace
}  // namespace hostnet
