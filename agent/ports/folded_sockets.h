#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/ports/holder.h"

namespace hostnet {

// Sockets of one owner, protocol, family and state beyond those that are shown individually: a
// program may have tens of thousands. On a port that is declared, requested or has a NAT rule, only
// sockets at the same address are folded.
struct FoldedSockets {
  struct Place {
    std::uint16_t port{};
    IpAddress address;
    std::uint64_t inode{};
    bool operator==(const Place&) const = default;
  };
  Holder example;             // the last one shown; the others differ only in their place
  std::vector<Place> places;  // by port; never empty
};

// The folded sockets of one port as holders, one per address and at most 4,096 of a group: those at
// the same address do not differ.
std::vector<Holder> folded_on(std::span<const FoldedSockets> folded, Protocol protocol,
                              std::uint16_t port);

// How many of them are servers.
std::size_t count_folded_servers(std::span<const FoldedSockets> folded);

}  // namespace hostnet
