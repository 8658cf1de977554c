#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/ports/holder.h"

namespace hostnet {

// Sockets of one owner, protocol, family and state beyond those that are shown one by one: a
// program may have tens of thousands. On a port that somebody declares, asks for or has a NAT rule
// for, only of those at one address.
struct FoldedSockets {
  struct Place {
    std::uint16_t port{};
    IpAddress address;
    std::uint64_t inode{};
    bool operator==(const Place&) const = default;
  };
  Holder example;             // the last that is shown; the others differ from it by their place
  std::vector<Place> places;  // by port; never empty
};

// Those on one port as holders, one of each address and 4,096 of a group at most: those at one
// address differ in nothing.
std::vector<Holder> folded_on(std::span<const FoldedSockets> folded, Protocol protocol,
                              std::uint16_t port);

// How many of them are servers.
std::size_t count_folded_servers(std::span<const FoldedSockets> folded);

}  // namespace hostnet
