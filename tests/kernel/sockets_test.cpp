#include <algorithm>

#include "netlink/find_socket.h"
#include "netlink/sock_diag.h"
#include "netlink/tcp_states.h"
#include "tests/kernel/network_namespace.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

namespace hostnet {
namespace {

using namespace testing;

class KernelSockets : public InOwnNamespace {
 protected:
  std::vector<Socket> every(Protocol protocol, AddressFamily family,
                            std::uint32_t states = kEverySocketState) {
    auto sockets =
        read_sockets(netlink(), {.protocol = protocol, .family = family, .states = states});
    EXPECT_TRUE(sockets) << sockets.error().message;
    return sockets.value_or(std::vector<Socket>{});
  }
  // The one socket with an inode, looked for in both families.
  std::optional<Socket> find(Protocol protocol, std::uint64_t inode) {
    std::vector<Socket> found;
    for (const auto family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      for (const Socket& socket : every(protocol, family)) {
        if (socket.inode == inode) found.push_back(socket);
      }
    }
    EXPECT_LE(found.size(), 1U) << "a socket that appears twice";
    return found.empty() ? std::nullopt : std::optional(found.front());
  }
  // A connection through `server`: {client, accepted}.
  static std::pair<TestFd, TestFd> connection(const TestFd& server, const std::string& to) {
    const Endpoint at = endpoint(to, local_port(server));
    TestFd client(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), at.get(), at.length), 0) << strerror(errno);
    TestFd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return {std::move(client), std::move(accepted)};
  }
};

TEST_F(KernelSockets, AnIpv4Listener) {
  const TestFd fd = listening("127.0.0.1", 8080);
  const Socket socket = find(Protocol::tcp, inode_of(fd)).value();
  EXPECT_EQ(socket.state, SocketState::listen);
  EXPECT_EQ(socket.local, parse_ip("127.0.0.1").value());
  EXPECT_EQ(socket.local_port, 8080);
  EXPECT_EQ(socket.send_queue, 16U);
  EXPECT_EQ(socket.v6only, std::nullopt);
  EXPECT_EQ(socket.uid, 0U);
  EXPECT_NE(socket.cookie, 0U);
  EXPECT_TRUE(socket.is_server());
}

TEST_F(KernelSockets, AWaitingConnectionIsInTheListenersReceiveQueue) {
  const TestFd fd = listening("127.0.0.1", 8080);
  const Endpoint at = endpoint("127.0.0.1", 8080);
  const TestFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(client.get(), at.get(), at.length), 0);
  EXPECT_EQ(find(Protocol::tcp, inode_of(fd)).value().receive_queue, 1U);
}

TEST_F(KernelSockets, ADualStackListenerAppearsOnceAsIpv6) {
  const TestFd dual = listening("::", 8080, {.v6only = false});
  const TestFd v6only = listening("::", 8081, {.v6only = true});
  EXPECT_EQ(find(Protocol::tcp, inode_of(dual)).value().v6only, false);
  EXPECT_EQ(find(Protocol::tcp, inode_of(v6only)).value().v6only, true);
  EXPECT_EQ(find(Protocol::tcp, inode_of(dual)).value().local.family, AddressFamily::ipv6);
  EXPECT_TRUE(every(Protocol::tcp, AddressFamily::ipv4).empty());
}

TEST_F(KernelSockets, OneWalkGivesTheStatesThatTwoByFamilyGive) {
  const TestFd dual = listening("::", 8080, {.v6only = false});
  const TestFd plain = listening("127.0.0.1", 8081);
  const auto first = connection(dual, "::1");
  const auto second = connection(plain, "127.0.0.1");
  ASSERT_EQ(send(second.first.get(), "twelve bytes", 12, 0), 12);
  std::vector<std::tuple<SocketState, std::uint32_t, std::uint32_t>> by_family;
  std::vector<std::tuple<SocketState, std::uint32_t, std::uint32_t>> at_once;
  for (const auto family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    for (const Socket& socket : every(Protocol::tcp, family)) {
      by_family.emplace_back(socket.state, socket.receive_queue, socket.send_queue);
    }
  }
  const auto done = netlink().dump(
      tcp_states_request(), {[&] { at_once.clear(); },
                             [&](const NetlinkMessage& message) -> Result<> {
                               const auto one = decode_tcp_state(message).value();
                               at_once.emplace_back(one.state, one.receive_queue, one.send_queue);
                               return {};
                             }});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(at_once.size(), 6U);
  std::ranges::sort(at_once);
  std::ranges::sort(by_family);
  EXPECT_EQ(at_once, by_family);
}

TEST_F(KernelSockets, AnIpv4ConnectionOfADualStackListenerIsMapped) {
  const TestFd server = listening("::", 8080, {.v6only = false});
  const auto [client, accepted] = connection(server, "127.0.0.1");
  const Socket socket = find(Protocol::tcp, inode_of(accepted)).value();
  EXPECT_EQ(socket.state, SocketState::established);
  EXPECT_EQ(socket.local.family, AddressFamily::ipv6);
  EXPECT_TRUE(socket.local.is_v4_mapped());
  EXPECT_EQ(socket.peer.unmapped(), parse_ip("127.0.0.1").value());
  EXPECT_EQ(socket.peer_port, local_port(client));
}

TEST_F(KernelSockets, EveryReuseportSharerAppears) {
  const SocketSetup shared{.reuse_port = true};
  const TestFd one = listening("0.0.0.0", 8080, shared);
  const TestFd two = listening("0.0.0.0", 8080, shared);
  EXPECT_TRUE(find(Protocol::tcp, inode_of(one)));
  EXPECT_TRUE(find(Protocol::tcp, inode_of(two)));
  EXPECT_EQ(every(Protocol::tcp, AddressFamily::ipv4).size(), 2U);
}

TEST_F(KernelSockets, ABoundDeviceIsTold) {
  const TestFd fd = listening("0.0.0.0", 8080, {.device = "lo"});
  EXPECT_EQ(find(Protocol::tcp, inode_of(fd)).value().interface, if_nametoindex("lo"));
}

TEST_F(KernelSockets, UdpIsBoundUntilItIsConnected) {
  const TestFd fd = bound("127.0.0.1", 5353, {.type = SOCK_DGRAM});
  EXPECT_EQ(find(Protocol::udp, inode_of(fd)).value().state, SocketState::close);
  EXPECT_TRUE(find(Protocol::udp, inode_of(fd)).value().is_server());
  const Endpoint peer = endpoint("127.0.0.1", 53);
  ASSERT_EQ(connect(fd.get(), peer.get(), peer.length), 0);
  const Socket connected = find(Protocol::udp, inode_of(fd)).value();
  EXPECT_EQ(connected.state, SocketState::established);
  EXPECT_EQ(connected.peer_port, 53);
  EXPECT_FALSE(connected.is_server());
  EXPECT_TRUE(every(Protocol::udp, AddressFamily::ipv4, state_bit(SocketState::close)).empty());
}

TEST_F(KernelSockets, UdpDropsAreCountedWhenAskedFor) {
  const TestFd fd = bound("127.0.0.1", 5353, {.type = SOCK_DGRAM});
  const int tiny = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny);
  const TestFd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Endpoint to = endpoint("127.0.0.1", 5353);
  const std::string payload(1000, 'x');
  for (int i = 0; i < 100; ++i) {
    sendto(sender.get(), payload.data(), payload.size(), 0, to.get(), to.length);
  }
  SocketQuery query{.protocol = Protocol::udp,
                    .family = AddressFamily::ipv4,
                    .states = kEverySocketState,
                    .ports = {5353}};
  EXPECT_EQ(read_sockets(netlink(), query).value().at(0).drops, std::nullopt);
  query.memory = true;
  EXPECT_GT(read_sockets(netlink(), query).value().at(0).drops, 0U);
}

TEST_F(KernelSockets, TimeWaitTellsWhatIsLeftAndKeepsItsCookie) {
  const TestFd server = listening("127.0.0.1", 8080);
  std::uint64_t cookie = 0;
  {
    auto [client, accepted] = connection(server, "127.0.0.1");
    cookie = find(Protocol::tcp, inode_of(accepted)).value().cookie;
    accepted = TestFd();  // the server closes first: its end waits
  }
  const auto waiting = every(Protocol::tcp, AddressFamily::ipv4, state_bit(SocketState::time_wait));
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].local_port, 8080);
  EXPECT_EQ(waiting[0].inode, 0U);
  EXPECT_EQ(waiting[0].cookie, cookie);
  ASSERT_TRUE(waiting[0].expires_ms);
  EXPECT_GT(*waiting[0].expires_ms, 0U);
  EXPECT_LE(*waiting[0].expires_ms, 61000U);
}

TEST_F(KernelSockets, ASocketThatIsOnlyBoundIsSeenWithBit13) {
  const TestFd fd = bound("0.0.0.0", 8080);
  const Socket socket = find(Protocol::tcp, inode_of(fd)).value();
  EXPECT_EQ(socket.state, SocketState::bound_inactive);
  EXPECT_EQ(socket.local_port, 8080);
  EXPECT_TRUE(every(Protocol::tcp, AddressFamily::ipv4,
                    kEverySocketState & ~state_bit(SocketState::bound_inactive))
                  .empty());
}

TEST_F(KernelSockets, AnMptcpListenerAppearsOnceWithTheInodeOfItsDescriptor) {
  const TestFd fd = listening("0.0.0.0", 8080, {.protocol = IPPROTO_MPTCP});
  const auto sockets = every(Protocol::tcp, AddressFamily::ipv4);
  ASSERT_EQ(sockets.size(), 1U);
  EXPECT_EQ(sockets[0].inode, inode_of(fd));
  EXPECT_EQ(sockets[0].state, SocketState::listen);
}

TEST_F(KernelSockets, AProtocolThatTheKernelLacksIsUnsupported) {
  const TestFd probe(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
  const auto sockets = read_sockets(
      netlink(), {.protocol = Protocol::sctp, .family = AddressFamily::ipv4, .states = 0x3fff});
  if (probe.get() >= 0) {
    EXPECT_TRUE(sockets) << sockets.error().message;
  } else {
    ASSERT_FALSE(sockets);
    EXPECT_EQ(sockets.error().reason, Reason::unsupported);
    EXPECT_NE(sockets.error().message.find("listing sctp sockets over ipv4"), std::string::npos);
  }
}

TEST_F(KernelSockets, AConnectionsOtherEndIsFoundByItsEnds) {
  for (const auto& [listen_at, connect_to] :
       {std::pair("127.0.0.1", "127.0.0.1"), std::pair("::1", "::1"),
        std::pair("::", "127.0.0.1")}) {
    const TestFd server = listening(listen_at, 0);
    auto [client, accepted] = connection(server, connect_to);
    const TcpEnds ends{.local = parse_ip(connect_to).value(),
                       .local_port = local_port(client),
                       .peer = parse_ip(connect_to).value(),
                       .peer_port = local_port(server)};
    const auto found = find_tcp_socket(netlink(), ends).value();
    ASSERT_TRUE(found) << connect_to;
    EXPECT_EQ(found->inode, inode_of(client));
    EXPECT_EQ(found->local_port, ends.local_port);
    {
      const TestFd closing = std::move(client);
    }
    const auto closed = find_tcp_socket(netlink(), ends).value();
    EXPECT_TRUE(!closed || closed->inode == 0);
  }
}

}  // namespace
}  // namespace hostnet
