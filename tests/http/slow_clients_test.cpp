#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

using std::chrono::milliseconds;

std::vector<std::unique_ptr<Client>> clients_that_say(std::uint16_t port, int count,
                                                      std::string_view bytes,
                                                      int receive_buffer = 0) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(port, receive_buffer));
    clients.back()->send(bytes);
  }
  return clients;
}

// What is cut is cut for its bytes, never for its time.
ServerOptions patient_with_a_buffer_of(std::size_t bytes) {
  ServerOptions options;
  options.buffer_limit = bytes;
  options.write_timeout = milliseconds(60'000);
  return options;
}

TEST(SlowClients, FiveHundredHalfHeadsDoNotDelayAScrape) {
  ServerOptions options;
  options.head_timeout = milliseconds(60'000);
  const Serving serving(options);
  const auto slow = clients_that_say(serving.port, 500, "GET /metrics HTTP/1.1\r\nHost:");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const auto answer = fetch(serving.port, "/metrics");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, kMetricsBody);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, options.head_timeout);
}

TEST(SlowClients, WhoseHeadsTakeTooMuchTogetherLoseThemFirst) {
  ServerOptions options;
  options.heads_limit = std::size_t{64} * 1024;
  options.head_timeout = milliseconds(60'000);
  const Serving serving(options);
  Client honest(serving.port, 0, 0x7f000002);
  honest.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n");
  const auto greedy = clients_that_say(
      serving.port, 16, "GET /metrics HTTP/1.1\r\nX-Long: " + std::string(8'000, 'a'));
  while (serving.server->stats().evicted < 8) std::this_thread::yield();
  honest.send("\r\n");
  EXPECT_EQ(honest.receive()->status, 200);
}

TEST(SlowClients, AreCutWhenTheirHeadTakesTooLong) {
  ServerOptions options;
  options.head_timeout = milliseconds(100);
  const Serving serving(options);
  Client mute(serving.port);
  Client slow(serving.port);
  slow.send("GET /metrics HT");
  EXPECT_TRUE(mute.closed_by_server());
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_EQ(serving.server->stats().timed_out, 2U);
}

TEST(SlowClients, GiveWayAtTheConnectionLimitOldestFirst) {
  ServerOptions options;
  options.max_connections = 8;
  options.head_timeout = milliseconds(60'000);
  const Serving serving(options);
  const auto slow = clients_that_say(serving.port, 8, "GET /");
  // A keep-alive client among them is spared while there are half heads.
  Client scraper(serving.port);
  for (int i = 0; i < 3; ++i) {
    scraper.send(get("/metrics"));
    ASSERT_TRUE(scraper.receive());
    EXPECT_EQ(fetch(serving.port, "/metrics", "Connection: close\r\n")->status, 200);
  }
  EXPECT_TRUE(slow[0]->closed_by_server());
  EXPECT_GE(serving.server->stats().evicted, 2U);
}

TEST(SlowClients, ReadersThatNeverReadHoldNoWorkerAndAreCut) {
  ServerOptions options;
  options.write_timeout = milliseconds(500);
  options.write_rate = 1024 * 1024 * 1024;
  const Serving serving(options);
  // Their small receive windows leave most of the 2 MB with the server.
  const auto stuck = clients_that_say(serving.port, 12, get("/big"), 4096);
  for (int i = 0; i < 20; ++i) {
    const auto answer = fetch(serving.port, "/metrics");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
  }
  while (serving.server->stats().cut < 12) std::this_thread::yield();
  const auto rest = stuck[0]->receive();
  EXPECT_FALSE(rest && rest->whole);
}

TEST(SlowClients, ReadersPastTheBufferLimitAreCutForTheNext) {
  const ServerOptions options = patient_with_a_buffer_of(4 * 1024 * 1024);
  const Serving serving(options);
  const auto stuck = clients_that_say(serving.port, 12, get("/big"), 4096);
  const auto answer = fetch(serving.port, "/big");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->whole);
  EXPECT_GT(serving.server->stats().cut, 0U);
}

TEST(SlowClients, ReadersOfABodyInOnePieceAreCutPastTheBufferLimit) {
  const ServerOptions options = patient_with_a_buffer_of(4 * 1024 * 1024);
  Serving serving(options);
  serving.turnstile.open();
  std::vector<std::unique_ptr<Client>> stuck;
  for (int i = 0; i < 12; ++i) {
    auto one = clients_that_say(serving.port, 1, get("/body?n=" + std::to_string(i)), 4096);
    stuck.push_back(std::move(one.front()));
  }
  const auto answer = fetch(serving.port, "/body");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->whole);
  EXPECT_GT(serving.server->stats().cut, 0U);
}

TEST(SlowClients, WaitWithTheSameBytesWhereTheirAnswersAreTheSame) {
  const ServerOptions options =
      patient_with_a_buffer_of(8 * 1024 * 1024);  // 12 answers of 2 MB do not fit
  Serving serving(options);
  // The first is answered alone, the others wait meanwhile.
  auto slow = clients_that_say(serving.port, 1, get("/body"), 4096);
  serving.turnstile.await_waiting(1);
  for (auto& one : clients_that_say(serving.port, 11, get("/body"), 4096)) {
    slow.push_back(std::move(one));
  }
  while (serving.server->stats().in_flight < slow.size()) std::this_thread::yield();
  serving.turnstile.open();
  const std::string body = big_body();
  for (const auto& client : slow) {
    const auto answer = client->receive();
    ASSERT_TRUE(answer && answer->whole);
    EXPECT_EQ(answer->body, body);
  }
  EXPECT_EQ(serving.server->stats().cut, 0U);
}

TEST(SlowClients, ThatOnlyReadSlowlyGetEverything) {
  const Serving serving;
  Client client(serving.port, 4096);
  client.send(get("/big"));
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->whole);
  EXPECT_EQ(answer->body, big_body());
}

TEST(SlowClients, IdleConnectionsAreClosedInTheEnd) {
  ServerOptions options;
  options.idle_timeout = milliseconds(100);
  const Serving serving(options);
  Client client(serving.port);
  client.send(get("/metrics"));
  ASSERT_TRUE(client.receive());
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(serving.server->stats().timed_out, 0U);
}

}  // namespace
}  // namespace hostnet
