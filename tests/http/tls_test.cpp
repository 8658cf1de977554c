#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <thread>

#include "tests/http/serving.h"
#include "tests/http/tls_client.h"

namespace hostnet {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// A server's folder: cert.pem, key.pem, ca.pem and web.yml.
struct TlsFiles {
  TestCa ca;
  TestFolder folder;
  std::string config;

  explicit TlsFiles(const std::string& more = "", const std::string& elsewhere = "") {
    renew("first");
    folder.write("ca.pem", ca.certificate());
    config =
        folder.write("web.yml", "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n" +
                                    more + elsewhere);
  }
  void renew(const std::string& name) const {
    const Pem pem = ca.issue(name, "DNS:localhost");
    folder.write("cert.pem", pem.certificate);
    folder.write("key.pem", pem.key);
  }
  ServerOptions options() const {
    ServerOptions options;
    options.web_config_file = config;
    options.reload_interval = milliseconds(10);
    return options;
  }
  TlsClientOptions trusting() const { return {.ca = ca.certificate(), .own = std::nullopt}; }
};

TEST(Tls, AnswersAScrape) {
  const TlsFiles files;
  const Serving serving(files.options());
  EXPECT_TRUE(serving.server->tls());
  const TlsAnswer got = fetch_tls(serving.port, get("/metrics"), files.trusting());
  ASSERT_TRUE(got.answer);
  EXPECT_EQ(got.answer->body, kMetricsBody);
  EXPECT_EQ(got.server_name, "first");
}

TEST(Tls, AnswersPipelinedAndLargeRequests) {
  const TlsFiles files;
  const Serving serving(files.options());
  const TlsAnswer got = fetch_tls(serving.port, get("/big"), files.trusting());
  ASSERT_TRUE(got.answer);
  EXPECT_TRUE(got.answer->whole);
  EXPECT_EQ(got.answer->body, big_body());
}

TEST(Tls, ChoosesHttp11WhenHttp2IsOffered) {
  const TlsFiles files;
  const Serving serving(files.options());
  TlsClientOptions client = files.trusting();
  client.offered_alpn = "\x02h2\x08http/1.1";
  const TlsAnswer got = fetch_tls(serving.port, get("/metrics"), client);
  ASSERT_TRUE(got.answer);
  EXPECT_EQ(got.alpn, "http/1.1");
}

TEST(Tls, TellsAPlainClientWhatIsWrong) {
  const TlsFiles files;
  const Serving serving(files.options());
  Client client(serving.port);
  client.send(get("/metrics"));
  const auto said = client.receive_all();
  ASSERT_TRUE(said);
  EXPECT_THAT(*said, testing::StartsWith("HTTP/1.0 400 Bad Request\r\n"));
  EXPECT_THAT(*said, HasSubstr("Client sent an HTTP request to an HTTPS server."));
}

std::vector<std::unique_ptr<Client>> slow_handshakes(std::uint16_t port) {
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<Client>(port));
    slow.back()->send("\x16\x03\x01");
  }
  return slow;
}

TEST(Tls, SlowAndBrokenHandshakesHoldNobodyUp) {
  const TlsFiles files;
  ServerOptions options = files.options();
  options.head_timeout = milliseconds(600'000);
  const Serving serving(options);
  const auto slow = slow_handshakes(serving.port);
  Client garbage(serving.port);
  garbage.send(std::string_view("\x16\x03\x01\x00\x05hello", 10));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), files.trusting()).answer);
  }
  EXPECT_TRUE(garbage.closed_by_server());
  EXPECT_EQ(serving.server->stats().timed_out, 0U);
}

TEST(Tls, SlowHandshakesAreCut) {
  const TlsFiles files;
  ServerOptions options = files.options();
  options.head_timeout = milliseconds(100);
  const Serving serving(options);
  for (const auto& client : slow_handshakes(serving.port)) EXPECT_TRUE(client->closed_by_server());
  EXPECT_EQ(serving.server->stats().timed_out, 200U);
}

TEST(Tls, TakesARenewedCertificateWithoutARestart) {
  const TlsFiles files;
  std::atomic<int> reloads{0};
  ServerOptions options = files.options();
  options.on_reload = [&](const Result<>& result) { reloads += result ? 1 : 0; };
  const Serving serving(options);
  ASSERT_EQ(fetch_tls(serving.port, get("/metrics"), files.trusting()).server_name, "first");
  files.renew("second");
  // Between the two files the pair does not match; then it does.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  std::string name;
  while (name != "second" && std::chrono::steady_clock::now() < end) {
    const TlsAnswer got = fetch_tls(serving.port, get("/metrics"), files.trusting());
    EXPECT_TRUE(got.answer);
    name = got.server_name;
  }
  EXPECT_EQ(name, "second");
  EXPECT_GE(reloads.load(), 1);
}

TEST(Tls, KeepsWhatItHasWhenTheNewConfigIsBad) {
  const TlsFiles files;
  std::mutex mutex;
  std::vector<std::string> said;
  ServerOptions options = files.options();
  options.on_reload = [&](const Result<>& result) {
    const std::scoped_lock lock(mutex);
    said.push_back(result ? "good" : result.error().message);
  };
  const Serving serving(options);
  const auto await_report = [&](std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < end) {
      EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), files.trusting()).answer);
      const std::scoped_lock lock(mutex);
      if (said.size() >= count) return said.back();
    }
    return std::string("nothing was reported");
  };
  files.folder.write("web.yml", "tls_server_config:\n  cert_fil: cert.pem\n");
  EXPECT_EQ(
      await_report(1),
      files.config + ":2: tls_server_config: unknown key \"cert_fil\"; did you mean cert_file?");
  files.folder.write("web.yml", "{}\n");
  EXPECT_THAT(await_report(2), HasSubstr("\"tls_server_config: {}\" says so on purpose"));
  files.folder.write("web.yml", "");
  EXPECT_THAT(await_report(3), HasSubstr("there would be no TLS any more"));
}

TEST(Tls, IsSwitchedOffByAFileThatSaysSo) {
  const TlsFiles files;
  const Serving serving(files.options());
  EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), files.trusting()).answer);
  files.folder.write("web.yml", "tls_server_config: {}\n");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  std::optional<Answer> plain;
  while (!plain || plain->status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    plain = fetch(serving.port, "/metrics");
  }
}

TEST(Tls, AsksForAClientCertificateOfItsCa) {
  const TlsFiles files(
      "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n");
  const Serving serving(files.options());
  TlsClientOptions client = files.trusting();
  EXPECT_FALSE(fetch_tls(serving.port, get("/metrics"), client).answer);
  client.own = TestCa().issue("stranger", "");
  EXPECT_FALSE(fetch_tls(serving.port, get("/metrics"), client).answer);
  client.own = files.ca.issue("prometheus", "");
  EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), client).answer);
  EXPECT_GE(serving.server->stats().tls_failures, 1U);
}

TEST(Tls, VerifiesAClientCertificateOnlyIfGiven) {
  const TlsFiles files("  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n");
  const Serving serving(files.options());
  TlsClientOptions client = files.trusting();
  EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), client).answer);
  client.own = TestCa().issue("stranger", "");
  EXPECT_FALSE(fetch_tls(serving.port, get("/metrics"), client).answer);
}

TEST(Tls, LetsInOnlyTheAllowedNames) {
  const TlsFiles files(
      "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_allowed_sans: [prometheus.example, 192.0.2.9, 'spiffe://x/p']\n");
  const Serving serving(files.options());
  TlsClientOptions client = files.trusting();
  for (const char* san : {"DNS:prometheus.example", "IP:192.0.2.9", "URI:spiffe://x/p"}) {
    client.own = files.ca.issue("p", san);
    EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), client).answer) << san;
  }
  for (const char* san : {"DNS:other.example", ""}) {
    client.own = files.ca.issue("p", san);
    EXPECT_FALSE(fetch_tls(serving.port, get("/metrics"), client).answer) << san;
  }
}

TEST(Tls, KeepsToVersionsAndCiphers) {
  const TlsFiles newest("  min_version: TLS13\n");
  const Serving only13(newest.options());
  TlsClientOptions client = newest.trusting();
  EXPECT_TRUE(fetch_tls(only13.port, get("/metrics"), client).answer);
  client.highest_version = TLS1_2_VERSION;
  EXPECT_FALSE(fetch_tls(only13.port, get("/metrics"), client).answer);

  const TlsFiles files(
      "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n"
      "  curve_preferences: [X25519, CurveP256]\n");
  const Serving serving(files.options());
  client = files.trusting();
  client.highest_version = TLS1_2_VERSION;
  const TlsAnswer got = fetch_tls(serving.port, get("/metrics"), client);
  ASSERT_TRUE(got.answer);
  EXPECT_EQ(got.cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
  client.highest_version = 0;
  EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), client).answer);  // TLS 1.3 as ever
}

TEST(Tls, SuitesOfTls13AloneLeaveNothingForTls12) {
  const TlsFiles files("  cipher_suites: [TLS_CHACHA20_POLY1305_SHA256]\n");
  const Serving serving(files.options());
  TlsClientOptions client = files.trusting();
  EXPECT_EQ(fetch_tls(serving.port, get("/metrics"), client).cipher, "TLS_AES_128_GCM_SHA256");
  client.highest_version = TLS1_2_VERSION;
  EXPECT_FALSE(fetch_tls(serving.port, get("/metrics"), client).answer);
}

TEST(Tls, HandshakesOfOnePeerStandInLineBehindAnothers) {
  const TlsFiles files;
  ServerOptions options = files.options();
  options.tls_handshakes = 2;
  options.head_timeout = milliseconds(60'000);
  const Serving serving(options);
  // Whole records that are no ClientHello: each costs a place in the budget.
  std::vector<std::unique_ptr<Client>> flood;
  for (int i = 0; i < 60; ++i) {
    flood.push_back(std::make_unique<Client>(serving.port, 0, 0x7f000002));
    flood.back()->send(std::string_view("\x16\x03\x01\x00\x05hello", 10));
  }
  EXPECT_TRUE(fetch_tls(serving.port, get("/metrics"), files.trusting()).answer);
  EXPECT_LT(serving.server->stats().tls_failures, 30U);  // the flood is not half through
}

TEST(Tls, RefusesToStartWithFilesThatDoNotFit) {
  const TlsFiles files;
  files.folder.write("key.pem", files.ca.issue("other", "").key);
  const auto started = HttpServer::start(files.options(), {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().error.message, HasSubstr("key.pem: the key does not belong to"));
  files.folder.write("key.pem", new_ed25519_key());  // OpenSSL would keep the two side by side
  const auto other_kind = HttpServer::start(files.options(), {});
  ASSERT_FALSE(other_kind);
  EXPECT_THAT(other_kind.error().error.message, HasSubstr("key.pem: the key does not belong to"));
  ServerOptions missing;
  missing.web_config_file = files.folder.path("nowhere.yml");
  EXPECT_EQ(HttpServer::start(missing, {}).error().error.system_error, ENOENT);
  ServerOptions folder;
  folder.web_config_file = files.folder.path(".");
  EXPECT_THAT(HttpServer::start(folder, {}).error().error.message, HasSubstr("regular file"));
}

}  // namespace
}  // namespace hostnet
