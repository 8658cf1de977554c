#include "agent/kube/streams/port_forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kube_streams/scripted_stream.h"

namespace hostnet {
namespace {

using namespace std::string_literals;

// What a kubelet says first: the port, on each channel.
const std::string kHeads = server_frame("\x00\x20\x4e"s) + server_frame("\x01\x20\x4e"s);

struct Forwarded {
  std::shared_ptr<std::string> written = std::make_shared<std::string>();
  PortForward stream;

  explicit Forwarded(const std::string& said)
      : stream(std::make_unique<WebSocket>(
            std::make_unique<ScriptedStream>(in_pieces(said, 5), written), "")) {}

  std::string all() {
    std::string text;
    while (true) {
      auto bytes = stream.read();
      if (!bytes) return text + "error: " + bytes.error().message;
      if (bytes->empty()) return text;
      text += *bytes;
    }
  }
};

TEST(PortForward, ItsPathNamesThePodAndThePort) {
  EXPECT_EQ(port_forward_path("kube-system", "a b", 20000),
            "/api/v1/namespaces/kube-system/pods/a%20b/portforward?ports=20000");
}

TEST(PortForward, ReadsTheDataChannelWithoutThePort) {
  EXPECT_EQ(Forwarded(kHeads + server_frame("\0HTTP"s) + server_frame("\0/1.1"s)).all(),
            "HTTP/1.1");
}

TEST(PortForward, ThePortMayComeInPiecesAndWithData) {
  EXPECT_EQ(Forwarded(server_frame("\0\x20"s) + server_frame("\0\x4eHTTP"s)).all(), "HTTP");
}

TEST(PortForward, AnErrorOfTheKubeletIsSaidInItsLastWords) {
  EXPECT_EQ(Forwarded(kHeads +
                      server_frame("\x01"s + "error forwarding port 20000 to pod 3f, uid : failed "
                                             "to execute portforward: dial tcp4 127.0.0.1:20000: "
                                             "connect: connection refused"))
                .all(),
            "error: dial tcp4 127.0.0.1:20000: connect: connection refused");
  EXPECT_EQ(Forwarded(kHeads + server_frame("\x01no such pod"s)).all(), "error: no such pod");
}

TEST(PortForward, OtherChannelsAndEmptyMessagesAreNobodys) {
  EXPECT_EQ(
      Forwarded(kHeads + server_frame("") + server_frame("\x07x"s) + server_frame("\0ok"s)).all(),
      "ok");
}

TEST(PortForward, WritesToTheDataChannel) {
  Forwarded forwarded(kHeads);
  ASSERT_TRUE(forwarded.stream.write("GET"));
  const std::string frame = *forwarded.written;
  ASSERT_EQ(frame.size(), 2 + 4 + 4U);
  EXPECT_EQ(frame[6] ^ frame[2], 0);  // the channel
  EXPECT_EQ(frame[7] ^ frame[3], 'G');
}

}  // namespace
}  // namespace hostnet
