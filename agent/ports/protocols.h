#pragma once

#include <array>

#include "netlink/facts.h"

namespace hostnet {

// Every one, for what walks over them.
inline constexpr std::array kAddressFamilies{AddressFamily::ipv4, AddressFamily::ipv6};
inline constexpr std::array kProtocols{Protocol::tcp, Protocol::udp, Protocol::sctp};

}  // namespace hostnet
