#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "agent/ports/port_snapshot.h"

namespace hostnet {

// Decides which sockets are holders of their own, and counts the rest (FoldedSockets).
class SocketFolder {
 public:
  // Of one owner, protocol, family and state.
  static constexpr std::size_t kMostShown = 100;
  // Of those that are asked for, at one address and port: they share it and differ in nothing.
  static constexpr std::size_t kMostAtOnePlace = 256;
  // Of all that are asked for; further ones are shown and counted as the others are.
  static constexpr std::size_t kMostAsked = 8'192;

  explicit SocketFolder(PortSnapshot& snapshot) : snapshot_(snapshot) {}

  // `asked`: it is wanted for itself. `owner` is the same object for each of its sockets. True: it
  // was counted; false: it is to be shown, as the next of the snapshot's holders.
  bool fold(const Socket& socket, const Owner& owner, bool asked);
  // How many were asked for and past kMostAsked.
  std::size_t past_limit() const { return past_limit_; }

 private:
  struct Group {
    std::size_t shown{};
    std::size_t last_shown{};  // of the snapshot's holders
    std::size_t folded{};      // of the snapshot's; valid where it is `full`
    bool full{};
  };
  // The last two of those asked for.
  using Key = std::tuple<const Owner*, Protocol, AddressFamily, SocketState, std::uint32_t,
                         std::uint32_t, std::uint16_t, IpAddress>;

  PortSnapshot& snapshot_;
  std::map<Key, Group> groups_;
  std::size_t asked_shown_{};
  std::size_t past_limit_{};
};

}  // namespace hostnet
