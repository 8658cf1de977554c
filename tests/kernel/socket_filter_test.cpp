#include <algorithm>
#include <random>
#include <set>

#include "netlink/sock_diag.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KernelSocketFilter : public InOwnNamespace {};

std::set<std::uint64_t> cookies_of(const std::vector<Socket>& sockets) {
  std::set<std::uint64_t> cookies;
  for (const Socket& socket : sockets) cookies.insert(socket.cookie);
  return cookies;
}

TEST_F(KernelSocketFilter, TwoThousandListenersAreCompleteAndExact) {
  std::vector<TestFd> fds;
  std::set<std::uint64_t> expected;
  for (std::uint16_t port = 10000; port < 12000; ++port) {
    fds.push_back(listening("127.0.0.1", port));
    expected.insert(inode_of(fds.back()));
  }
  const auto sockets = read_sockets(netlink(), {.protocol = Protocol::tcp,
                                                .family = AddressFamily::ipv4,
                                                .states = state_bit(SocketState::listen)});
  ASSERT_TRUE(sockets) << sockets.error().message;
  EXPECT_EQ(sockets->size(), expected.size());
  std::set<std::uint64_t> seen;
  for (const Socket& socket : *sockets) seen.insert(socket.inode);
  EXPECT_EQ(seen, expected);
}

// Ports in the kernel's program equal ports filtered here, for sockets in
// several states and for sets from one port to more than a program holds.
void expect_same_answer(Netlink& netlink, SocketQuery query, std::size_t minimum_sockets) {
  const auto everything = read_sockets(netlink, query).value();
  ASSERT_GE(everything.size(), minimum_sockets);
  std::mt19937 random(7);
  for (const std::size_t count : {1U, 2U, 3U, 5U, 17U, 100U, 512U, 513U, 2000U, 20000U}) {
    std::set<std::uint16_t> ports;
    while (ports.size() < count) {
      ports.insert(count < 1000 ? static_cast<std::uint16_t>(20000 + random() % 2000)
                                : static_cast<std::uint16_t>(random()));
    }
    query.ports.assign(ports.begin(), ports.end());
    std::vector<Socket> expected;
    std::ranges::copy_if(everything, std::back_inserter(expected),
                         [&](const Socket& socket) { return matches(query, socket); });
    const auto filtered = read_sockets(netlink, query);
    ASSERT_TRUE(filtered) << count << " ports: " << filtered.error().message;
    EXPECT_EQ(filtered->size(), expected.size()) << count << " ports";
    EXPECT_EQ(cookies_of(*filtered), cookies_of(expected)) << count << " ports";
  }
}

TEST_F(KernelSocketFilter, ATcpPortSetIsTheSameAsFilteringEverything) {
  std::vector<TestFd> fds;
  for (std::uint16_t i = 0; i < 600; ++i) {
    const auto port = static_cast<std::uint16_t>(20000 + 3 * i);
    fds.push_back(i % 3 == 0 ? bound("127.0.0.1", port) : listening("127.0.0.1", port));
    if (i % 3 != 1) continue;
    const Endpoint at = endpoint("127.0.0.1", port);
    fds.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(fds.back().get(), at.get(), at.length), 0);
  }
  expect_same_answer(
      netlink(),
      {.protocol = Protocol::tcp, .family = AddressFamily::ipv4, .states = kEverySocketState}, 900);
}

TEST_F(KernelSocketFilter, AUdpPortSetIsTheSameAsFilteringEverything) {
  std::vector<TestFd> fds;
  for (std::uint16_t i = 0; i < 600; ++i) {
    fds.push_back(bound("::", static_cast<std::uint16_t>(20000 + 3 * i), {.type = SOCK_DGRAM}));
  }
  expect_same_answer(
      netlink(),
      {.protocol = Protocol::udp, .family = AddressFamily::ipv6, .states = kEverySocketState}, 600);
}

}  // namespace
}  // namespace hostnet
