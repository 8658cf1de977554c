#include "netlink/sock_diag.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include "netlink/attributes.h"
#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using testing::join;
using testing::raw;

inet_diag_msg listener_on(std::uint16_t port) {
  inet_diag_msg reply{};
  reply.idiag_family = AF_INET6;
  reply.idiag_state = 10;
  reply.id.idiag_sport = htons(port);
  reply.id.idiag_cookie[0] = 0x11111111;
  reply.id.idiag_cookie[1] = 0x22222222;
  reply.idiag_inode = 48211;
  reply.idiag_uid = 1000;
  reply.idiag_wqueue = 128;
  return reply;
}

Result<Socket> decode(const Bytes& payload, Protocol protocol = Protocol::tcp) {
  return decode_socket({.type = SOCK_DIAG_BY_FAMILY, .payload = payload}, protocol);
}

TEST(SockDiag, ReadsAListener) {
  const Bytes payload =
      join(raw(listener_on(8080)), attribute(INET_DIAG_SKV6ONLY, raw(std::uint8_t{1})),
           attribute(INET_DIAG_CGROUP_ID, raw(std::uint64_t{77})), attribute(60, Bytes(3)));
  const Socket socket = decode(payload).value();
  EXPECT_EQ(socket.local.to_string(), "::");
  EXPECT_EQ(socket.local_port, 8080);
  EXPECT_EQ(socket.state, SocketState::listen);
  EXPECT_EQ(socket.cookie, 0x2222222211111111U);
  EXPECT_EQ(socket.inode, 48211U);
  EXPECT_EQ(socket.uid, 1000U);
  EXPECT_EQ(socket.send_queue, 128U);
  EXPECT_EQ(socket.v6only, true);
  EXPECT_EQ(socket.cgroup_id, 77U);
  EXPECT_EQ(socket.drops, std::nullopt);
  EXPECT_EQ(socket.expires_ms, std::nullopt);
}

TEST(SockDiag, ATcpSocketInStateCloseIsBoundAndInactive) {
  inet_diag_msg reply = listener_on(80);
  reply.idiag_state = 7;
  EXPECT_EQ(decode(raw(reply)).value().state, SocketState::bound_inactive);
  EXPECT_EQ(decode(raw(reply), Protocol::udp).value().state, SocketState::close);
}

TEST(SockDiag, OnlyTheTimerOfTimeWaitIsAnExpiry) {
  inet_diag_msg reply = listener_on(80);
  reply.idiag_expires = 59000;
  reply.idiag_timer = 2;
  EXPECT_EQ(decode(raw(reply)).value().expires_ms, std::nullopt);
  reply.idiag_timer = 3;
  EXPECT_EQ(decode(raw(reply)).value().expires_ms, 59000U);
}

TEST(SockDiag, DropsAreTheNinthWordOfMemory) {
  std::array<std::uint32_t, 9> memory{};
  memory[8] = 5;
  EXPECT_EQ(
      decode(join(raw(listener_on(53)), attribute(INET_DIAG_SKMEMINFO, raw(memory)))).value().drops,
      5U);
  const std::array<std::uint32_t, 8> short_memory{};
  EXPECT_EQ(decode(join(raw(listener_on(53)), attribute(INET_DIAG_SKMEMINFO, raw(short_memory))))
                .value()
                .drops,
            std::nullopt);
}

TEST(SockDiag, WhatIsShortOrOfAnotherFamilyIsMalformed) {
  const Bytes good = raw(listener_on(80));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode(Bytes(good.begin(), good.begin() + static_cast<long>(size)))) << size;
  }
  inet_diag_msg reply = listener_on(80);
  reply.idiag_family = AF_UNIX;
  EXPECT_EQ(decode(raw(reply)).error().reason, Reason::malformed);
}

TEST(SockDiag, AsksForTheStatesAndForMemoryOnlyWhenWanted) {
  SocketQuery query{.protocol = Protocol::udp,
                    .family = AddressFamily::ipv6,
                    .states = state_bit(SocketState::close)};
  const NetlinkRequest request = socket_request(query);
  EXPECT_EQ(request.doing, "listing udp sockets over ipv6");
  EXPECT_EQ(request.flags, NLM_F_DUMP);
  const auto body = copy_of<inet_diag_req_v2>(request.body);
  EXPECT_EQ(request.body.size(), sizeof body);
  EXPECT_EQ(body.sdiag_family, AF_INET6);
  EXPECT_EQ(body.sdiag_protocol, IPPROTO_UDP);
  EXPECT_EQ(body.idiag_ext, 0);
  EXPECT_EQ(body.idiag_states, 1U << 7);
  query.memory = true;
  EXPECT_EQ(copy_of<inet_diag_req_v2>(socket_request(query).body).idiag_ext, 1 << 6);
}

TEST(SocketQuery, MatchesStateFamilyProtocolAndPort) {
  const SocketQuery query{.states = state_bit(SocketState::listen), .ports = {80, 443}};
  Socket socket{.state = SocketState::listen};
  socket.local_port = 443;
  EXPECT_TRUE(matches(query, socket));
  socket.local_port = 444;
  EXPECT_FALSE(matches(query, socket));
  socket.local_port = 80;
  socket.state = SocketState::established;
  EXPECT_FALSE(matches(query, socket));
  socket.state = SocketState::listen;
  socket.protocol = Protocol::udp;
  EXPECT_FALSE(matches(query, socket));
  socket.protocol = Protocol::tcp;
  socket.local.family = AddressFamily::ipv6;
  EXPECT_FALSE(matches(query, socket));
}

TEST(SocketQuery, TheTwoNamesOfAHalfOpenConnectionAreOne) {
  const Socket half_open{.state = SocketState::syn_recv};
  EXPECT_TRUE(matches({.states = state_bit(SocketState::new_syn_recv)}, half_open));
  EXPECT_TRUE(matches({.states = state_bit(SocketState::syn_recv)}, half_open));
}

TEST(SocketQuery, AStateBeyondTheBitsMatchesNothing) {
  EXPECT_FALSE(matches({.states = 0xffffffff}, Socket{.state = static_cast<SocketState>(64)}));
}

}  // namespace
}  // namespace hostnet
