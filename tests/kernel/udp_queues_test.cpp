// The collector udp_queues by sock_diag, against the file that node_exporter reads.

#include <fstream>
#include <iterator>
#include <vector>

#include "tests/collectors/collect.h"
#include "tests/kernel/network_namespace.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace testing;

class UdpQueuesOfTheKernel : public InOwnNamespace {
 protected:
  static std::string own_file(const std::string& name) {
    std::ifstream file("/proc/thread-self/net/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void send(const TestFd& from, const std::string& to, std::uint16_t port,
                   std::size_t bytes) {
    const Endpoint at = endpoint(to, port);
    const std::string payload(bytes, 'x');
    ASSERT_EQ(sendto(from.get(), payload.data(), bytes, 0, at.get(), at.length),
              static_cast<ssize_t>(bytes))
        << strerror(errno);
  }
  // The series, without the line that says where they are from.
  Result<std::string> queues(bool from_netlink) {
    NodeBuilder builder;
    builder.file("proc/1/net/udp", own_file("udp")).file("proc/1/net/udp6", own_file("udp6"));
    if (!from_netlink) builder.identity().own_net_namespace.reset();
    Node node = builder.build();
    node.netlink = live_netlink();
    auto page = TestCollector("udp_queues").page(node);
    const std::string source = from_netlink ? "source=\"netlink\"} 1\n" : "source=\"procfs\"} 1\n";
    if (page) page->erase(0, page->find(source) + source.size());
    return page;
  }
};

TEST_F(UdpQueuesOfTheKernel, AreThoseOfProcNetUdp) {
  // Nobody answers for 10.9.0.2, so what is sent there waits.
  ASSERT_TRUE(
      ip("link add va type veth peer name vb && ip link set va up && ip link set vb up && "
         "ip addr add 10.9.0.1/24 dev va && "
         "sysctl -qw net.ipv4.neigh.va.retrans_time_ms=600000"));
  const TestFd plain = bound("127.0.0.1", 5353, {.type = SOCK_DGRAM});
  const TestFd dual = bound("::", 5354, {.type = SOCK_DGRAM, .v6only = false});
  const TestFd only6 = bound("::1", 5355, {.type = SOCK_DGRAM, .v6only = true});
  const TestFd lite = bound("127.0.0.1", 5353, {.type = SOCK_DGRAM, .protocol = IPPROTO_UDPLITE});
  const TestFd sender = bound("10.9.0.1", 0, {.type = SOCK_DGRAM});
  const TestFd local = bound("127.0.0.1", 0, {.type = SOCK_DGRAM});
  const TestFd local6 = bound("::1", 0, {.type = SOCK_DGRAM});
  const TestFd unbound(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (int i = 0; i < 5; ++i) send(local, "127.0.0.1", 5353, 100);
  send(local, "127.0.0.1", 5354, 1000);  // an IPv6 socket's, though it came by IPv4
  for (int i = 0; i < 3; ++i) send(local6, "::1", 5355, 2000);
  send(sender, "10.9.0.2", 9, 300);
  const Endpoint peer = endpoint("127.0.0.1", 5353);
  ASSERT_EQ(connect(local.get(), peer.get(), peer.length), 0);

  const auto by_file = queues(false);
  const auto by_netlink = queues(true);
  ASSERT_TRUE(by_file) << by_file.error().message;
  ASSERT_TRUE(by_netlink) << by_netlink.error().message;
  EXPECT_EQ(*by_netlink, *by_file);
  for (const auto* empty : {"ip=\"v4\",queue=\"rx\"} 0\n", "ip=\"v4\",queue=\"tx\"} 0\n",
                            "ip=\"v6\",queue=\"rx\"} 0\n"}) {
    EXPECT_EQ(by_file->find(empty), std::string::npos) << *by_file;
  }
}

TEST_F(UdpQueuesOfTheKernel, AThousandSocketsAreAddedUp) {
  std::vector<TestFd> sockets;
  const TestFd sender = bound("127.0.0.1", 0, {.type = SOCK_DGRAM});
  for (std::uint16_t port = 10'000; port < 11'000; ++port) {
    sockets.push_back(bound("127.0.0.1", port, {.type = SOCK_DGRAM}));
    if (port % 10 == 0) send(sender, "127.0.0.1", port, 1);
  }
  const auto by_file = queues(false);
  ASSERT_TRUE(by_file) << by_file.error().message;
  EXPECT_EQ(queues(true), by_file);
  EXPECT_EQ(by_file->find("ip=\"v4\",queue=\"rx\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace hostnet
