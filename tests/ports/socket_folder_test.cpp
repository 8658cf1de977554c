#include "agent/ports/scan/socket_folder.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kFirstPort = 10'000;
constexpr std::uint16_t kSockets = 1000;

Socket udp_on(std::uint16_t port) {
  Socket socket = server_socket(Protocol::udp, "0.0.0.0", port);
  socket.inode = port;
  socket.cookie = port;
  return socket;
}

// A thousand sockets of one owner, of which one port is asked for.
PortSnapshot crowd(std::uint16_t asked) {
  PortSnapshot snapshot;
  SocketFolder folder(snapshot);
  static const Owner kOwner{.kind = HolderKind::unmanaged_process};
  for (std::uint16_t port = kFirstPort; port < kFirstPort + kSockets; ++port) {
    if (folder.fold(udp_on(port), kOwner, port == asked)) continue;
    snapshot.holders.push_back({.socket = udp_on(port), .owner = kOwner});
  }
  return snapshot;
}

TEST(SocketFolder, ShowsAHundredOfAnOwnerAndCountsTheRest) {
  const PortSnapshot snapshot = crowd(1);
  EXPECT_EQ(snapshot.holders.size(), SocketFolder::kMostShown);
  ASSERT_EQ(snapshot.folded.size(), 1U);
  EXPECT_EQ(snapshot.folded[0].places.size(), kSockets - SocketFolder::kMostShown);
  EXPECT_EQ(count_folded_servers(snapshot.folded), kSockets - SocketFolder::kMostShown);
}

TEST(SocketFolder, APortThatIsAskedForIsShownWhateverTheCrowd) {
  constexpr std::uint16_t kAsked = kFirstPort + 777;
  const PortSnapshot snapshot = crowd(kAsked);
  EXPECT_EQ(snapshot.holders.back().socket.local_port, kAsked);
  EXPECT_TRUE(folded_on(snapshot.folded, Protocol::udp, kAsked).empty());
}

TEST(SocketFolder, ACrowdAtOneAddressIsCountedWhereItIsAskedForToo) {
  PortSnapshot snapshot;
  SocketFolder folder(snapshot);
  const Owner owner;
  for (int i = 0; i < 1000; ++i) {
    if (folder.fold(udp_on(53), owner, true)) continue;
    snapshot.holders.push_back({.socket = udp_on(53), .owner = owner});
  }
  EXPECT_EQ(snapshot.holders.size(), SocketFolder::kMostAtOnePlace);
  EXPECT_EQ(folder.past_limit(), 0U);
  EXPECT_EQ(folded_on(snapshot.folded, Protocol::udp, 53).size(), 1U);
}

TEST(SocketFolder, PastALimitWhatIsAskedForIsShownAsOthersAre) {
  PortSnapshot snapshot;
  SocketFolder folder(snapshot);
  const Owner owner;
  constexpr std::size_t kMore = 1'000;
  for (std::size_t port = 1; port <= SocketFolder::kMostAsked + kMore; ++port) {
    const Socket socket = udp_on(static_cast<std::uint16_t>(port));
    if (folder.fold(socket, owner, true)) continue;
    snapshot.holders.push_back({.socket = socket, .owner = owner});
  }
  EXPECT_EQ(folder.past_limit(), kMore);
  EXPECT_EQ(snapshot.holders.size(), SocketFolder::kMostAsked + SocketFolder::kMostShown);
}

TEST(SocketFolder, WhatWasFoldedIsFoundByItsPort) {
  constexpr std::uint16_t kFolded = kFirstPort + 500;
  const PortSnapshot snapshot = crowd(1);
  const auto holders = folded_on(snapshot.folded, Protocol::udp, kFolded);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders[0].socket.local_port, kFolded);
  EXPECT_EQ(holders[0].socket.inode, kFolded);
  EXPECT_EQ(holders[0].owner.kind, HolderKind::unmanaged_process);
  EXPECT_TRUE(folded_on(snapshot.folded, Protocol::tcp, kFolded).empty());
}

TEST(SocketFolder, VeryManyOwnersHaveALimitTogetherAndOneSocketEach) {
  PortSnapshot snapshot;
  SocketFolder folder(snapshot);
  constexpr std::size_t kOwners = 300;
  const std::vector<Owner> owners(kOwners);
  for (const Owner& owner : owners) {
    for (std::uint16_t port = 1; port <= SocketFolder::kMostShown; ++port) {
      if (folder.fold(udp_on(port), owner, false)) continue;
      snapshot.holders.push_back({.socket = udp_on(port), .owner = owner});
    }
  }
  EXPECT_GE(snapshot.holders.size(), SocketFolder::kMostShownOfAll);
  EXPECT_LE(snapshot.holders.size(), SocketFolder::kMostShownOfAll + kOwners);
  EXPECT_EQ(snapshot.holders.size() + count_folded_servers(snapshot.folded),
            kOwners * SocketFolder::kMostShown);
}

TEST(SocketFolder, OwnersAreCountedApart) {
  PortSnapshot snapshot;
  SocketFolder folder(snapshot);
  const Owner one, other;
  for (std::uint16_t port = 1; port <= SocketFolder::kMostShown; ++port) {
    EXPECT_FALSE(folder.fold(udp_on(port), one, false));
    snapshot.holders.emplace_back();
    EXPECT_FALSE(folder.fold(udp_on(port), other, false));
    snapshot.holders.emplace_back();
  }
  EXPECT_TRUE(folder.fold(udp_on(5000), one, false));
}

}  // namespace
}  // namespace hostnet
