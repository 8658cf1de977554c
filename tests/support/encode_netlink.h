#pragma once

#include <cstddef>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// The bytes with which the kernel tells a fact: one whole netlink message each
// (struct nlmsghdr, sequence and port id 0), so that tests run the decoders
// that real replies go through. What a fact leaves unset is not sent.
std::vector<std::byte> encode_link(const Link& link);           // RTM_NEWLINK
std::vector<std::byte> encode_address(const Address& address);  // RTM_NEWADDR
std::vector<std::byte> encode_route(const Route& route);        // RTM_NEWROUTE
std::vector<std::byte> encode_qdisc(const Qdisc& qdisc);        // RTM_NEWQDISC
std::vector<std::byte> encode_socket(const Socket& socket);     // SOCK_DIAG_BY_FAMILY

}  // namespace hostnet
