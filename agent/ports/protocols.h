#pragma once

#include <array>

#include "netlink/facts.h"

namespace hostnet {

// All of them, for loops.
inline constexpr std::array kAddressFamilies{AddressFamily::ipv4, AddressFamily::ipv6};
inline constexpr std::array kProtocols{Protocol::tcp, Protocol::udp, Protocol::sctp};

}  // namespace hostnet
