#include "netlink/facts.h"

#include <arpa/inet.h>

#include <algorithm>

#include "netlink/attributes.h"
#include "netlink/base/loopback.h"

namespace hostnet {
namespace {

constexpr std::array<std::uint8_t, 12> kV4MappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::string_view to_string(AddressFamily family) {
  return family == AddressFamily::ipv4 ? "ipv4" : "ipv6";
}

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp: return "tcp";
    case Protocol::udp: return "udp";
    case Protocol::sctp: return "sctp";
  }
  return "unknown";
}

bool IpAddress::is_v4_mapped() const {
  return family == AddressFamily::ipv6 &&
         std::equal(kV4MappedPrefix.begin(), kV4MappedPrefix.end(), bytes.begin());
}

IpAddress IpAddress::unmapped() const {
  if (!is_v4_mapped()) return *this;
  IpAddress inside{.family = AddressFamily::ipv4};
  std::copy(bytes.begin() + kV4MappedPrefix.size(), bytes.end(), inside.bytes.begin());
  return inside;
}

bool IpAddress::is_loopback() const {
  const std::span all(bytes);
  return hostnet::is_loopback(family == AddressFamily::ipv4 ? all.first(4) : all);
}

bool IpAddress::is_multicast() const {
  return family == AddressFamily::ipv4 ? (bytes[0] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  // The buffer holds the longest address, so inet_ntop cannot fail here.
  inet_ntop(system_family(family), bytes.data(), text.data(), text.size());
  return text.data();
}

Result<IpAddress> parse_ip(std::string_view text) {
  const bool has_colon = text.find(':') != std::string_view::npos;
  IpAddress ip{.family = has_colon ? AddressFamily::ipv6 : AddressFamily::ipv4};
  const std::string terminated(text);
  // inet_pton stops at a NUL and would silently ignore the rest.
  if (text.find('\0') == std::string_view::npos &&
      inet_pton(system_family(ip.family), terminated.c_str(), ip.bytes.data()) == 1) {
    return ip;
  }
  return failure(Reason::malformed, "parsing an IP address: '" + terminated + "' is none");
}

std::string_view to_string(SocketState state) {
  switch (state) {
    case SocketState::established: return "established";
    case SocketState::syn_sent: return "syn_sent";
    case SocketState::syn_recv: return "syn_recv";
    case SocketState::fin_wait1: return "fin_wait1";
    case SocketState::fin_wait2: return "fin_wait2";
    case SocketState::time_wait: return "time_wait";
    case SocketState::close: return "bound";
    case SocketState::close_wait: return "close_wait";
    case SocketState::last_ack: return "last_ack";
    case SocketState::listen: return "listen";
    case SocketState::closing: return "closing";
    case SocketState::new_syn_recv: return "new_syn_recv";
    case SocketState::bound_inactive: return "bound_inactive";
  }
  return "unknown";
}

bool Socket::is_server() const {
  return state == (protocol == Protocol::udp ? SocketState::close : SocketState::listen);
}

}  // namespace hostnet
