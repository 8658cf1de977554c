#include "agent/http/settings/details_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/http/certificates.h"
#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

using std::chrono::seconds;

constexpr const char* kToken = "0123456789abcdef";

TEST(DetailsToken, IsWhatABearerShows) {
  const TestFolder folder;
  const auto token = DetailsToken::open(folder.write("token", std::string(kToken) + "\n"));
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_TRUE(token->shown_in("Bearer 0123456789abcdef"));
  EXPECT_TRUE(token->shown_in("bearer  0123456789abcdef"));
  for (const char* other : {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeF", "0123456789abcdef",
                            "Bearer 0123456789abcdef0", "Basic 0123456789abcdef"}) {
    EXPECT_FALSE(token->shown_in(other)) << other;
  }
  EXPECT_FALSE(DetailsToken().shown_in("Bearer "));
}

TEST(DetailsToken, OfAFewLettersIsNone) {
  const TestFolder folder;
  EXPECT_FALSE(DetailsToken::open(folder.write("token", "short\n")));
  EXPECT_FALSE(DetailsToken::open(folder.path("nowhere")));
}

TEST(DetailsToken, ChangesWithItsFileAndGoesWithIt) {
  const TestFolder folder;
  auto token = DetailsToken::open(folder.write("token", kToken)).value();
  DetailsToken::Time now{};
  folder.write("token", "another-long-token\n");
  token.scan(now += seconds(2));
  EXPECT_FALSE(token.shown_in("Bearer 0123456789abcdef"));
  EXPECT_TRUE(token.shown_in("Bearer another-long-token"));
  std::filesystem::remove(folder.path("token"));
  token.scan(now += seconds(2));
  EXPECT_FALSE(token.shown_in("Bearer another-long-token"));
}

TEST(DetailsToken, OpensTheDetailsAndNothingElse) {
  const TestFolder folder;
  ServerOptions options;
  options.details = Details::token;
  options.details_token_file = folder.write("token", kToken);
  options.web_config_file = folder.write(
      "web.yml",
      "basic_auth_users: {prom: $2y$05$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234}");
  const Serving serving(options);
  constexpr const char* kShown = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(fetch(serving.port, "/ports", kShown)->status, 200);
  EXPECT_EQ(fetch(serving.port, "/ports")->status, 401);
  EXPECT_EQ(fetch(serving.port, "/metrics", kShown)->status, 401);
}

TEST(DetailsToken, IsAskedForByItsScheme) {
  const TestFolder folder;
  ServerOptions options;
  options.details = Details::token;
  options.details_token_file = folder.write("token", kToken);
  const Serving serving(options);
  const auto refused = fetch(serving.port, "/ports");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(header(refused->headers, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(fetch(serving.port, "/metrics")->status, 200);
}

}  // namespace
}  // namespace hostnet
