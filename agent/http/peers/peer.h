#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace hostnet {

// "192.0.2.1:80", "[2001:db8::1]:80"; an IPv4-mapped IPv6 address is written as
// IPv4. Other families: "unix".
std::string address_text(const sockaddr_storage& address);
std::uint16_t port_of(const sockaddr_storage& address);  // 0 for unix
bool is_loopback(const sockaddr_storage& address);       // true for unix

}  // namespace hostnet
