#include "agent/http/answer_head.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(AnswerHead, IsAStatusLineAndFields) {
  HttpResponse response;
  response.status = 404;
  response.headers = {{"Content-Length", "3"}, {"Connection", "close"}};
  EXPECT_EQ(answer_head(response),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST(AnswerHead, LeavesOutAFieldThatWouldEndItsLine) {
  HttpResponse response;
  response.headers = {
      {"A", "1\r\nSet-Cookie: x"}, {"B\n", "2"}, {"C", std::string("3\0", 2)}, {"D", "4"}};
  EXPECT_EQ(answer_head(response), "HTTP/1.1 200 OK\r\nD: 4\r\n\r\n");
}

TEST(AnswerHead, WritesDatesAsRfc9110Does) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace hostnet
