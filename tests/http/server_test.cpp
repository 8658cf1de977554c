#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HttpServer, AnswersAScrape) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, kMetricsBody);
  EXPECT_EQ(header(answer->headers, "Content-Length"), std::to_string(kMetricsBody.size()));
  EXPECT_EQ(header(answer->headers, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(answer->headers, "Cache-Control"), "no-store");
}

TEST(HttpServer, GivesAPageAContentSecurityPolicy) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/page");
  ASSERT_TRUE(answer);
  EXPECT_THAT(header(answer->headers, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(header(answer->headers, "Content-Type"), "text/html; charset=utf-8");
}

TEST(HttpServer, KeepsAConnectionForTheNextRequest) {
  const Serving serving;
  Client client(serving.port);
  for (int i = 0; i < 20; ++i) {
    client.send(get("/metrics"));
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, kMetricsBody);
    EXPECT_FALSE(answer->headers.contains("Connection"));
  }
  EXPECT_EQ(serving.server->stats().accepted, 1U);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const Serving serving;
  Client client(serving.port);
  client.send(get("/echo?n=1") + get("/echo?n=2") + get("/echo?n=3", "Connection: close\r\n"));
  for (const char* n : {"n=1", "n=2", "n=3"}) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->body, HasSubstr(n));
  }
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, TakesARequestByteByByte) {
  const Serving serving;
  Client client(serving.port);
  for (const char byte : get("/metrics")) client.send({&byte, 1});
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST(HttpServer, AnswersAClientThatClosedItsSide) {
  const Serving serving;
  Client client(serving.port);
  client.send(get("/metrics"));
  client.half_close();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, kMetricsBody);
}

TEST(HttpServer, ClosesAfterAnHttp10AnswerAndSendsItNoChunks) {
  const Serving serving;
  Client client(serving.port);
  client.send("GET /big HTTP/1.0\r\n\r\n");
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->headers.contains("Transfer-Encoding"));
  EXPECT_EQ(answer->body, big_body());
}

TEST(HttpServer, StreamsALargeAnswerInChunks) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/big");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->whole);
  EXPECT_EQ(header(answer->headers, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer->body, big_body());
}

TEST(HttpServer, CompressesALargeAnswerWhenAsked) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/big", "Accept-Encoding: deflate, gzip;q=0.5\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(header(answer->headers, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(answer->headers, "Vary"), "Accept-Encoding");
  EXPECT_LT(answer->body.size(), 400'000U);
  EXPECT_EQ(gunzip(answer->body), big_body());
}

TEST(HttpServer, LeavesASmallAnswerUncompressed) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/metrics", "Accept-Encoding: gzip\r\n");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->headers.contains("Content-Encoding"));
}

TEST(HttpServer, CutsAnAnswerThatItsHandlerCouldNotComplete) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/half");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->whole);
}

TEST(HttpServer, TurnsAnExceptionIntoA500) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/throws");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_THAT(answer->body, HasSubstr("the handler's bug"));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  const Serving serving;
  Client client(serving.port);
  client.send("HEAD /metrics HTTP/1.1\r\nHost: n\r\n\r\n");
  const auto head = client.receive(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(header(head->headers, "Content-Length"), std::to_string(kMetricsBody.size()));
  EXPECT_FALSE(head->headers.contains("Accept-Ranges"));
  client.send("HEAD /big HTTP/1.1\r\nHost: n\r\n\r\n" + get("/metrics"));
  ASSERT_TRUE(client.receive(true));
  const auto next = client.receive();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, kMetricsBody);
}

TEST(HttpServer, IgnoresRange) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/metrics", "Range: bytes=0-3\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, kMetricsBody);
}

TEST(HttpServer, DecodesQueriesAsNodeExporterGetsThem) {
  const Serving serving;
  const auto answer =
      fetch(serving.port, "/echo?collect[]=netdev&collect%5B%5D=arp&a=b=c&x=1?2&e&s=a+b");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body,
            "GET /echo\na=b=c\ncollect[]=netdev\ncollect[]=arp\ne=\ns=a b\nx=1?2\nuser=\n");
}

TEST(HttpServer, TakesAnAbsoluteTarget) {
  const Serving serving;
  Client client(serving.port);
  client.send("GET http://127.0.0.1:1/ports/80 HTTP/1.1\r\nHost: other\r\n\r\n");
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->body, HasSubstr("/ports/80"));
}

TEST(HttpServer, RefusesOtherMethodsAndNamesTheAllowed) {
  const Serving serving;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"}) {
    Client client(serving.port);
    client.send(std::string(method) + " /metrics HTTP/1.1\r\nHost: n\r\n\r\n");
    const auto answer = client.receive();
    ASSERT_TRUE(answer) << method;
    EXPECT_EQ(answer->status, 405) << method;
    EXPECT_EQ(header(answer->headers, "Allow"), "GET, HEAD");
  }
}

TEST(HttpServer, RefusesBodiesAndCloses) {
  const Serving serving;
  Client client(serving.port);
  client.send("GET /metrics HTTP/1.1\r\nHost: n\r\nContent-Length: 20000\r\n\r\n" +
              std::string(20'000, 'x'));
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(header(answer->headers, "Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, RefusesTransferEncoding) {
  const Serving serving;
  const auto answer = fetch(serving.port, "/metrics", "Transfer-Encoding: chunked\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST(HttpServer, AnswersMalformedHeadsAndCloses) {
  const Serving serving;
  Client client(serving.port);
  client.send("GET /metrics HTTP/1.1\r\nAccept: application/json\r\n\r\n");
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->body,
            "{\"error\":{\"status\":400,\"message\":\"missing required Host header\"}}\n");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AnswersAHeadThatIsTooLongWhileItIsStillSent) {
  const Serving serving;
  Client client(serving.port);
  client.send("GET / HTTP/1.1\r\nHost: n\r\nX: " + std::string(100'000, 'x'));
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, SaysErrorsInTheFormAskedFor) {
  const Serving serving;
  auto answer = fetch(serving.port, "/nowhere");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "no such path: /nowhere\n");
  for (const auto& [target, headers] :
       {std::pair("/nowhere?format=json", ""), {"/nowhere", "Accept: application/json\r\n"}}) {
    answer = fetch(serving.port, target, headers);
    ASSERT_TRUE(answer);
    EXPECT_EQ(header(answer->headers, "Content-Type"), "application/json");
    EXPECT_EQ(answer->body,
              "{\"error\":{\"status\":404,\"message\":\"no such path: /nowhere\"}}\n");
  }
  answer = fetch(serving.port, "/%ff%fe?format=json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST(HttpServer, ShowsDetailsToLoopbackOnly) {
  const Serving serving;
  EXPECT_EQ(fetch(serving.port, "/ports")->status, 200);
  Client rebound(serving.port);
  rebound.send("GET /ports HTTP/1.1\r\nHost: evil.example:20000\r\n\r\n");
  const auto answer = rebound.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 403);
  EXPECT_THAT(answer->body, HasSubstr("--web.details=all"));
  EXPECT_EQ(fetch(serving.port, "/ports", "X-Forwarded-For: 192.0.2.1\r\n")->status, 403);
  EXPECT_EQ(fetch(serving.port, "/metrics", "X-Forwarded-For: 192.0.2.1\r\n")->status, 200);
}

TEST(HttpServer, RefusesPastMaxRequestsButStaysHealthy) {
  ServerOptions options;
  options.max_requests = 6;
  Serving serving(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(serving.port));
    clients.back()->send(get("/slow"));
  }
  serving.turnstile.await_waiting(3);  // every worker that one peer may have
  while (serving.server->stats().in_flight < 6) std::this_thread::yield();
  const auto refused = fetch(serving.port, "/metrics");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->body, "Limit of concurrent requests reached (6), try again later.\n");
  EXPECT_EQ(fetch(serving.port, "/healthz")->body, "ok\n");
  serving.turnstile.open();
  for (const auto& client : clients) EXPECT_EQ(client->receive()->body, "at last\n");
  EXPECT_EQ(fetch(serving.port, "/metrics")->status, 200);
  const ServerStats stats = serving.server->stats();
  EXPECT_EQ(stats.overloaded, 1U);
  EXPECT_EQ(stats.requests.at({"/metrics", 503}), 1U);
  EXPECT_EQ(stats.requests.at({"/slow", 200}), 6U);
}

TEST(HttpServer, GivesAnswersUnderWayWhenItStops) {
  Serving serving;
  Client busy(serving.port);
  Client idle(serving.port);
  idle.send(get("/metrics"));
  ASSERT_TRUE(idle.receive());
  busy.send(get("/slow"));
  serving.turnstile.await_waiting(1);
  std::vector<std::jthread> stoppers;
  for (int i = 0; i < 4; ++i) {
    stoppers.emplace_back(
        [&] { EXPECT_TRUE(serving.server->stop(std::chrono::milliseconds(5'000))); });
  }
  EXPECT_TRUE(idle.closed_by_server());
  serving.turnstile.open();
  const auto answer = busy.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "at last\n");
  EXPECT_TRUE(busy.closed_by_server());
  stoppers.clear();
  EXPECT_THROW(Client late(serving.port), std::runtime_error);
}

TEST(HttpServer, LeavesAHandlerBehindThatDoesNotReturn) {
  Serving serving;
  Client client(serving.port);
  client.send(get("/slow"));
  serving.turnstile.await_waiting(1);
  EXPECT_FALSE(serving.server->stop(std::chrono::milliseconds(10)));
  serving.turnstile.open();
}

}  // namespace
}  // namespace hostnet
