#include "agent/kube/grpc/grpc_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "netlink/base/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// A server that accepts whoever comes and says nothing: the backlog does.
class GrpcClientTest : public testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[0], path_.data(), path_.size());
    server_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(server_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    ASSERT_EQ(::listen(server_.get(), 4), 0);
  }

  Result<> ask(GrpcClient& client) {
    return client.make({.method = "/a.B/C", .metadata = {}, .on_body = [](auto) { return true; }});
  }

  TemporaryDirectory folder_;
  std::string path_ = folder_ / "socket";
  UniqueFd server_;
};

TEST_F(GrpcClientTest, ASilentServerHasItsTime) {
  const auto client = GrpcClient::create(path_, milliseconds(50)).value();
  const auto asked = ask(*client);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().reason, Reason::timeout);
  EXPECT_EQ(asked.error().message, "no whole answer in time");
}

TEST_F(GrpcClientTest, FramesWithoutEndAreGivenUp) {
  const std::jthread flood([&] {
    const UniqueFd peer(::accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    // SETTINGS, then PRIORITY of a stream that nobody opened.
    std::string frames("\0\0\0\4\0\0\0\0\0", 9);
    const std::string priority("\0\0\5\2\0\0\0\0\3\0\0\0\0\1", 14);
    while (::send(peer.get(), frames.data(), frames.size(), MSG_NOSIGNAL) > 0) frames = priority;
  });
  const auto client = GrpcClient::create(path_, std::chrono::hours(1)).value();
  EXPECT_EQ(ask(*client).error().message, "HTTP/2: frames without end, and no answer in them");
}

TEST_F(GrpcClientTest, WhoIsStoppedDoesNotWait) {
  const auto client = GrpcClient::create(path_, std::chrono::hours(1)).value();
  const std::jthread stopper([&] { client->stop(); });
  EXPECT_EQ(ask(*client).error().message, "stopped");
  EXPECT_EQ(ask(*client).error().message, "stopped") << "later calls end at once";
}

TEST_F(GrpcClientTest, WhereNobodyListensIsSaid) {
  const auto nobody = GrpcClient::create(path_ + "2", milliseconds(50)).value();
  EXPECT_THAT(ask(*nobody).error().message, HasSubstr("connecting: No such file"));
  const auto far = GrpcClient::create(std::string(200, 'x'), milliseconds(50)).value();
  EXPECT_THAT(ask(*far).error().message, HasSubstr("107 bytes"));
}

}  // namespace
}  // namespace hostnet
