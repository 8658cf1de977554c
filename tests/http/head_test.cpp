#include "agent/http/message/head.h"

#include <gtest/gtest.h>

#include <string>

namespace hostnet {
namespace {

struct BadCase {
  std::string head;
  int status;
};

TEST(RequestHead, IsReadWhole) {
  const auto head = read_head(
      "GET /ports/8080?format=json&x=%20 HTTP/1.1\r\nhost: [::1]:20000\r\nACCEPT:  a \r\n"
      "Accept: b\r\nConnection: Keep-Alive, Close\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->path, "/ports/8080");
  EXPECT_EQ(head->query, (HttpQuery{{"format", "json"}, {"x", " "}}));
  EXPECT_EQ(head->host, "[::1]:20000");
  EXPECT_EQ(header(head->headers, "accept"), "a, b");
  EXPECT_TRUE(head->wants_close);
  EXPECT_FALSE(head->http_1_0);
}

TEST(RequestHead, OfHttp10NeedsNoHost) {
  const auto head = read_head("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->http_1_0);
  EXPECT_EQ(head->host, "");
}

TEST(RequestHead, OfAnAbsoluteTargetTakesItsHost) {
  const auto head = read_head("GET HTTP://n1:9100?x=1 HTTP/1.1\r\nHost: other\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->host, "n1:9100");
  EXPECT_EQ(head->path, "/");
  EXPECT_EQ(head->query, (HttpQuery{{"x", "1"}}));
}

TEST(RequestHead, MayFollowAnEmptyLine) {
  const std::string bytes = "\r\n\r\nGET / HTTP/1.1\r\nHost: n\r\n\r\n";
  EXPECT_EQ(head_size(bytes), bytes.size());
  EXPECT_TRUE(read_head(bytes));
}

TEST(RequestHead, SizeIsFoundHoweverItArrives) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: n\r\n\r\n";
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(head_size(bytes.substr(0, n)));
    EXPECT_EQ(head_size(bytes + "GET /next", n), bytes.size()) << n;
  }
}

TEST(RequestHead, IsRefusedWhenItCanBeReadInTwoWays) {
  const std::string ok = " HTTP/1.1\r\nHost: n\r\n";
  const BadCase cases[] = {
      {"GET /\r\n\r\n", 400},
      {"GET  HTTP/1.1\r\nHost: n\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: n\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: n\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: user@n\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: n\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\n", 505},
      {"GET / http/1.1\r\nHost: n\r\n\r\n", 400},
      {"G@T /" + ok + "\r\n", 400},
      {"GET ports" + ok + "\r\n", 400},
      {"GET *" + ok + "\r\n", 400},
      {"GET /a b" + ok + "\r\n", 400},
      {"GET /\x01" + ok + "\r\n", 400},
      {"GET /\xc3\xa4" + ok + "\r\n", 400},
      {"GET /#top" + ok + "\r\n", 400},
      {"GET /%" + ok + "\r\n", 400},
      {"GET /%4" + ok + "\r\n", 400},
      {"GET /%zz" + ok + "\r\n", 400},
      {"GET /?a=%u0041" + ok + "\r\n", 400},
      {"GET http:///x" + ok + "\r\n", 400},
      {"GET http://u@h/x" + ok + "\r\n", 400},
      {"GET /" + std::string(9000, 'x') + ok + "\r\n", 414},
      {"GET /" + ok + "No colon\r\n\r\n", 400},
      {"GET /" + ok + "Space : x\r\n\r\n", 400},
      {"GET /" + ok + " folded: x\r\n\r\n", 400},
      {"GET /" + ok + ": nameless\r\n\r\n", 400},
      {"GET /" + ok + "A: b\rc\r\n\r\n", 400},
      {"GET /" + ok + std::string("A: b\0c\r\n\r\n", 10), 400},
      {"GET /" + ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length: -1\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length: +1\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length: 1, 1\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length:\r\n\r\n", 400},
      {"GET /" + ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"\r\n\r\n", 400},
      {"", 400},
  };
  for (const BadCase& bad : cases) {
    const auto head = read_head(bad.head);
    ASSERT_FALSE(head) << bad.head;
    EXPECT_EQ(head.error().status, bad.status) << bad.head;
    EXPECT_FALSE(head.error().message.empty());
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

// A head of 16 KiB may be 4,000 lines, which cost 30 times their bytes.
TEST(RequestHead, HasABoundedNumberOfLines) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: n\r\n";
  EXPECT_TRUE(read_head(begin + repeated("a:\r\n", kMostFields - 1) + "\r\n"));
  const auto head = read_head(begin + repeated("a:\r\n", kMostFields) + "\r\n");
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, 431);
}

TEST(RequestHead, HasABoundedNumberOfQueryParameters) {
  const std::string end = " HTTP/1.1\r\nHost: n\r\n\r\n";
  const auto most = read_head("GET /?a" + repeated("&a", kMostParameters - 1) + end);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->query.size(), kMostParameters);
  const auto head = read_head("GET /?a" + repeated("&a", kMostParameters) + end);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, 414);
}

TEST(RequestHead, SaysWhetherABodyFollows) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: n\r\n";
  EXPECT_FALSE(read_head(begin + "Content-Length: 0\r\n\r\n")->announces_body);
  EXPECT_TRUE(read_head(begin + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n")->announces_body);
  EXPECT_TRUE(read_head(begin + "Transfer-Encoding: gzip\r\n\r\n")->announces_body);
}

}  // namespace
}  // namespace hostnet
