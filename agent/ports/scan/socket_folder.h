#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "agent/ports/port_snapshot.h"

namespace hostnet {

// Decides which sockets become holders, and counts the rest (FoldedSockets).
class SocketFolder {
 public:
  // Per owner, protocol, family and state.
  static constexpr std::size_t kMostShown = 100;
  // Of all owners; then one of each.
  static constexpr std::size_t kMostShownOfAll = 4'096;
  // Of requested sockets, per address and port, where they do not differ.
  static constexpr std::size_t kMostAtOnePlace = 256;
  // Of all requested sockets; further ones are shown and counted like the others.
  static constexpr std::size_t kMostAsked = 8'192;

  explicit SocketFolder(PortSnapshot& snapshot) : snapshot_(snapshot) {}

  // `asked`: the socket itself is requested. `owner` is the same object for all its sockets. True:
  // it was counted; false: it must be shown, as the snapshot's next holder.
  bool fold(const Socket& socket, const Owner& owner, bool asked);
  // The number of requested sockets past kMostAsked.
  std::size_t past_limit() const { return past_limit_; }

 private:
  struct Group {
    std::size_t shown{};
    std::size_t last_shown{};  // index in the snapshot's holders
    std::size_t folded{};      // index in the snapshot's folded; valid if `full`
    bool full{};
  };
  // The last two only for requested sockets.
  using Key = std::tuple<const Owner*, Protocol, AddressFamily, SocketState, std::uint32_t,
                         std::uint32_t, std::uint16_t, IpAddress>;

  std::size_t most_shown(bool asked) const;

  PortSnapshot& snapshot_;
  std::map<Key, Group> groups_;
  std::size_t asked_shown_{}, others_shown_{};
  std::size_t past_limit_{};
};

}  // namespace hostnet
