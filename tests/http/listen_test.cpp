#include "agent/http/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

TEST(ListenAddress, IsReadAsGoReadsIt) {
  const auto everywhere = parse_listen_address(":20000");
  ASSERT_TRUE(everywhere);
  EXPECT_EQ(everywhere->host, "");
  EXPECT_EQ(everywhere->port, 20000);
  EXPECT_EQ(parse_listen_address("[::1]:9")->host, "::1");
  EXPECT_EQ(parse_listen_address("n1:9100")->host, "n1");
  EXPECT_EQ(parse_listen_address("unix:/run/a.sock")->unix_path, "/run/a.sock");
  for (const char* bad :
       {"", "20000", "n1", "n1:", "n1:x", "n1:65536", "n1:-1", "::1:9", "[]:9", "unix:relative"}) {
    const auto address = parse_listen_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_THAT(address.error().message, testing::HasSubstr('"' + std::string(bad) + '"'));
  }
}

TEST(Listen, ASecondServerOnThePortFailsAndSaysWhichAddress) {
  const Serving first;
  ServerOptions options;
  options.listen = {"127.0.0.1:" + std::to_string(first.port)};
  const auto second = HttpServer::start(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error.system_error, EADDRINUSE);
  EXPECT_EQ(second.error().listen.port, first.port);
  EXPECT_THAT(second.error().error.message, testing::HasSubstr(options.listen[0]));
}

TEST(Listen, AWildcardTakesBothFamiliesAndIsNotShared) {
  const auto listeners = listen_on(*parse_listen_address(":0"));
  ASSERT_TRUE(listeners);
  ASSERT_EQ(listeners->size(), 1U);
  const int fd = listeners->front().socket.get();
  int reuse_port = 1;
  int reuse_address = 0;
  socklen_t size = sizeof reuse_port;
  ASSERT_EQ(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse_port, &size), 0);
  ASSERT_EQ(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse_address, &size), 0);
  EXPECT_EQ(reuse_port, 0);
  EXPECT_EQ(reuse_address, 1);
  EXPECT_GT(listeners->front().bound.inode, 0U);
  EXPECT_NO_THROW(Client(listeners->front().bound.port));  // over IPv4
}

TEST(Listen, ServesAUnixSocketAndReplacesALeftOver) {
  const std::string path = testing::TempDir() + "hostnet-web-" + std::to_string(getpid()) + ".sock";
  for (int i = 0; i < 2; ++i) {
    // A socket whose owner died stays in the file system.
    if (i == 1) {
      const UniqueFd left(socket(AF_UNIX, SOCK_STREAM, 0));
      sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
      path.copy(name.sun_path, sizeof name.sun_path - 1);
      ASSERT_EQ(bind(left.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    }
    ServerOptions options;
    options.listen = {"unix:" + path};
    const auto server = HttpServer::start(options, {});
    ASSERT_TRUE(server) << server.error().error.message;
    EXPECT_EQ((*server)->addresses().front().text, "unix:" + path);
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    (*server)->stop(std::chrono::milliseconds(100));
    EXPECT_NE(access(path.c_str(), F_OK), 0);
  }
}

class UnixSocket : public testing::Test {
 protected:
  Result<std::vector<Listener>> listen(const std::string& group = {}) const {
    return listen_on(parse_listen_address("unix:" + path).value(), group);
  }
  mode_t mode() const {
    struct stat status{};
    EXPECT_EQ(lstat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  void TearDown() override { unlink(path.c_str()); }

  const std::string path =
      testing::TempDir() + "hostnet-unix-" + std::to_string(getpid()) + ".sock";
};

TEST_F(UnixSocket, IsForItsOwnerWhateverTheUmask) {
  for (const mode_t mask : {0000U, 0022U, 0777U}) {
    const mode_t before = umask(mask);
    const auto listeners = listen();
    umask(before);
    ASSERT_TRUE(listeners);
    EXPECT_EQ(mode(), 0600U) << mask;
  }
}

TEST_F(UnixSocket, MayBeForAGroupToo) {
  const auto listeners = listen(std::to_string(getgid()));
  ASSERT_TRUE(listeners);
  EXPECT_EQ(mode(), 0660U);
  const auto unknown =
      listen_on(parse_listen_address("unix:" + path + "2").value(), "no such group");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("no group no such group"));
}

TEST_F(UnixSocket, TakesNoPlaceOfAnythingElse) {
  std::ofstream(path) << "precious";
  const auto listeners = listen();
  ASSERT_FALSE(listeners);
  EXPECT_THAT(listeners.error().message, testing::HasSubstr("is not a socket"));
  std::string kept;
  std::ifstream(path) >> kept;
  EXPECT_EQ(kept, "precious");
}

TEST_F(UnixSocket, TakesNoPlaceOfAServerThatAnswers) {
  const auto first = listen();
  ASSERT_TRUE(first);
  const auto second = listen();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().system_error, EADDRINUSE);
}

TEST_F(UnixSocket, RemovesAtTheEndOnlyWhatItMade) {
  {
    const auto listeners = listen();
    ASSERT_TRUE(listeners);
    unlink(path.c_str());
    std::ofstream(path) << "precious";
  }
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
  {
    ASSERT_TRUE(listen());
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace hostnet
