#include "agent/kube/streams/http_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kube_streams/scripted_stream.h"

namespace hostnet {
namespace {

constexpr std::size_t kLimit = 100;

// Every body of a server that says `text`, in pieces of `size` bytes; or the error.
std::string bodies(const std::string& text, std::size_t size = 7, std::size_t limit = kLimit) {
  ScriptedStream stream(in_pieces(text, size), std::make_shared<std::string>());
  HttpReader reader(stream);
  std::string all;
  for (int i = 0; i < 2; ++i) {
    const auto head = reader.head();
    if (!head) return all + "no head: " + head.error().message;
    const auto body = reader.body(*head, limit);
    if (!body) return all + "no body: " + body.error().message;
    all += std::to_string(head->status) + " " + *body + "|";
  }
  return all;
}

TEST(HttpReader, ReadsAnswersOneAfterTheOther) {
  const std::string first = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string second =
      "HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n"
      "0\r\nTrailer: t\r\n\r\n";
  for (std::size_t size = 1; size < first.size() + second.size(); ++size) {
    EXPECT_EQ(bodies(first + second, size), "200 hello|404 abc0123456789|") << size;
  }
}

TEST(HttpReader, ABodyWithoutALengthGoesOnUntilTheEnd) {
  EXPECT_EQ(bodies("HTTP/1.0 200 OK\r\n\r\neverything"),
            "200 everything|no head: the answer was cut short");
}

TEST(HttpReader, FieldsAreFoundInAnyCase) {
  ScriptedStream stream({"HTTP/1.1 200 OK\r\nRetry-AFTER:  7 \r\n\r\n"},
                        std::make_shared<std::string>());
  HttpReader reader(stream);
  const auto head = reader.head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->field("retry-after"), "7");
  EXPECT_EQ(head->field("absent"), "");
}

TEST(HttpReader, AnInterimAnswerIsPassedOver) {
  EXPECT_EQ(bodies("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
            "200 x|no head: the answer was cut short");
}

TEST(HttpReader, WhatIsCutShortIsNoAnswer) {
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"),
            "no body: the answer was cut short");
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
            "no body: the answer was cut short");
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n"),
            "no body: the answer was cut short");
  EXPECT_EQ(bodies("SSH-2.0-OpenSSH\r\n"), "no head: the answer is no HTTP");
}

TEST(HttpReader, WhatIsTooLargeIsGivenUp) {
  const std::string large(kLimit + 1, 'x');
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + large),
            "no body: the answer is too large");
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
            "no body: the answer is too large");
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\n\r\n" + large), "no body: the answer is too large");
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\nx: " + std::string(kLongestHttpHead, 'x'), 1000),
            "no head: the answer is too large");
  std::string fields;
  for (int i = 0; i < 10'000; ++i) fields += "x: yyyyy\r\n";
  EXPECT_EQ(bodies("HTTP/1.1 200 OK\r\n" + fields, 1000), "no head: the answer is too large");
}

TEST(HttpReader, WhoHasEnoughEndsIt) {
  ScriptedStream stream({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
                        std::make_shared<std::string>());
  HttpReader reader(stream);
  const auto head = reader.head();
  ASSERT_TRUE(head);
  const auto done = reader.body(*head, kLimit, [](std::string_view) { return false; });
  EXPECT_EQ(done.error().message, "the answer is not as expected");
}

TEST(HttpGet, IsWrittenWithItsFields) {
  EXPECT_EQ(request_text({.host = "localhost", .target = "/x", .fields = {{"A", "b"}}}),
            "GET /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: hostnet-agent\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace hostnet
