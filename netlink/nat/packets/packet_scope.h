#pragma once

// Which packets a rule is about, as far as ports of this machine go. What a rule
// asks besides (source, mark, limits) is only remembered as `conditional`: it may
// or may not match.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// Inclusive.
struct PortSpan {
  std::uint16_t first{0}, last{65535};
  bool contains(unsigned port) const { return port >= first && port <= last; }
  bool is_everything() const { return first == 0 && last == 65535; }
  auto operator<=>(const PortSpan&) const = default;
};

// All ports that are in none of `spans`, in order.
std::vector<PortSpan> ports_outside(std::vector<PortSpan> spans);

// Inclusive; both of one family.
struct AddressSpan {
  IpAddress first, last;
  bool contains(const IpAddress& ip) const { return ip >= first && ip <= last; }
  // "10.0.0.1", "10.0.0.0/8" or "10.0.0.1-10.0.0.9".
  std::string to_string() const;
  auto operator<=>(const AddressSpan&) const = default;
};

// The addresses of a prefix; nothing when it is longer than an address.
std::optional<AddressSpan> span_of_prefix(const IpAddress& ip, unsigned prefix_length);

// Interfaces by name. Packets of this machine itself arrive on none: only `other`
// is true of them.
struct InterfaceMatch {
  std::string name;
  bool prefix{};  // how the name begins ("eth+", "eth*")
  bool other{};   // any but these
  bool contains(std::string_view interface) const;
  bool is_one() const { return !prefix && !other; }
  std::string to_string() const;  // iifname "eth0", iifname != "veth*"
  auto operator<=>(const InterfaceMatch&) const = default;
};

// A conjunction: everything that is set must hold.
struct PacketScope {
  std::optional<AddressFamily> family;
  std::optional<std::uint8_t> ip_protocol;  // IPPROTO_*
  PortSpan ports;                           // destination
  std::optional<AddressSpan> destination;
  std::optional<InterfaceMatch> arrives_on;
  bool local_only{};   // only addresses of this machine (fib type local, addrtype LOCAL)
  bool conditional{};  // something that is not modelled narrows it further
  bool unknown{};      // … and nobody here knows what that is
  bool random{};       // one of several that together take all, chosen by chance or a hash
  bool operator==(const PacketScope&) const = default;
};

// What both ask; nothing when no packet can satisfy both.
std::optional<PacketScope> intersection(const PacketScope& one, const PacketScope& other);

// Whether every packet of `inner` certainly satisfies `outer`: an outer that is
// conditional or random covers nothing.
bool covers(const PacketScope& outer, const PacketScope& inner);

// "ip daddr 10.0.0.1 tcp dport 80-90", in nft's words; "" asks nothing.
std::string to_string(const PacketScope& scope);

}  // namespace hostnet
