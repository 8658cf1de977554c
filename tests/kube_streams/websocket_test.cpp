#include "agent/kube/streams/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/base/text.h"
#include "tests/kube_streams/scripted_stream.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

// Answers the upgrade with the key that it was asked with.
class UpgradingStream final : public ByteStream {
 public:
  UpgradingStream(std::string protocol, std::string after)
      : protocol_(std::move(protocol)), after_(std::move(after)) {}
  Result<> write(std::string_view bytes) override {
    asked_ += bytes;
    return {};
  }
  Result<std::string> read() override {
    if (std::exchange(answered_, true)) return "";
    std::string_view rest = asked_;
    rest.remove_prefix(asked_.find("Sec-WebSocket-Key: ") + 19);
    return "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: " +
           accept_of_key(std::string(trim(take_until(rest, '\n')))) +
           "\r\nSec-WebSocket-Protocol: " + protocol_ + "\r\n\r\n" + after_;
  }

 private:
  std::string protocol_, after_, asked_;
  bool answered_{};
};

HttpGet get() {
  return {.host = "api:6443", .target = "/x", .fields = {}};
}

Result<std::unique_ptr<WebSocket>> opened(const std::string& answer) {
  auto written = std::make_shared<std::string>();
  return WebSocket::open(std::make_unique<ScriptedStream>(std::deque{answer}, written), get(),
                         "v4.channel.k8s.io");
}

// Of a server that says `text` in pieces: its messages, joined by "|", or the error.
std::string messages(const std::string& text, std::shared_ptr<std::string> written = nullptr) {
  if (!written) written = std::make_shared<std::string>();
  WebSocket socket(std::make_unique<ScriptedStream>(in_pieces(text, 3), written), "");
  std::string all;
  while (true) {
    const auto message = socket.receive();
    if (!message) return all + "error: " + message.error().message;
    if (!*message) return all + "end";
    all += **message + "|";
  }
}

// RFC 6455 section 1.3.
TEST(WebSocket, AcceptsTheStandardsKey) {
  EXPECT_EQ(accept_of_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, IsOpenAfterTheUpgradeAndKeepsWhatCameWithIt) {
  auto socket =
      WebSocket::open(std::make_unique<UpgradingStream>("v4.channel.k8s.io", server_frame("early")),
                      get(), "v4.channel.k8s.io");
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(*(*socket)->receive(), "early");
}

TEST(WebSocket, AServerOfAnotherProtocolOrKeyIsRefused) {
  const auto other = WebSocket::open(std::make_unique<UpgradingStream>("v5.channel.k8s.io", ""),
                                     get(), "v4.channel.k8s.io");
  EXPECT_EQ(other.error().message, "the server does not speak v4.channel.k8s.io");
  const auto key = opened(
      "HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: "
      "v4.channel.k8s.io\r\n\r\n");
  EXPECT_EQ(key.error().reason, Reason::malformed);
}

TEST(WebSocket, ARefusedUpgradeSaysWhyAsTheServerDoes) {
  const auto refused = opened(
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 34\r\n\r\n{\"message\":\"pods are not for "
      "you!\"}");
  EXPECT_EQ(refused.error().message, "api:6443 answers 403: pods are not for you!");
  EXPECT_EQ(refused.error().reason, Reason::denied);
  EXPECT_EQ(opened("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n").error().reason,
            Reason::exhausted);
  EXPECT_EQ(opened("no HTTP\r\n\r\n").error().reason, Reason::malformed);
  EXPECT_EQ(opened("").error().reason, Reason::malformed);
}

TEST(WebSocket, MessagesMayComeInFragmentsWithPingsBetweenThem) {
  auto written = std::make_shared<std::string>();
  EXPECT_EQ(messages(server_frame("one") + server_frame("a", 0x02) + server_frame("hi", 0x89) +
                         server_frame("b", 0x00) + server_frame("c", 0x80),
                     written),
            "one|abc|end");
  EXPECT_EQ(written->substr(0, 2), "\x8a\x82");  // a pong, masked
}

TEST(WebSocket, EndsWithACloseFrame) {
  EXPECT_EQ(messages(server_frame("x") + server_frame("\x03\xe8", 0x88) + server_frame("y")),
            "x|end");
}

TEST(WebSocket, MessagesThatCannotBeAreRefused) {
  EXPECT_THAT(messages(server_frame("x", 0x80)), HasSubstr("no such message"));
  EXPECT_THAT(messages(server_frame("x", 0x02) + server_frame("y", 0x82)),
              HasSubstr("no such message"));
}

TEST(WebSocket, AMessageInEndlessFragmentsIsGivenUp) {
  std::string endless = server_frame(std::string(60'000, 'x'), 0x02);
  for (int i = 0; i < 20; ++i) endless += server_frame(std::string(60'000, 'x'), 0x00);
  EXPECT_THAT(messages(endless), HasSubstr("no such message"));
}

}  // namespace
}  // namespace hostnet
