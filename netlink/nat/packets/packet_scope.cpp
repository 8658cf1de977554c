#include "netlink/nat/packets/packet_scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

unsigned bits_of(AddressFamily family) {
  return family == AddressFamily::ipv4 ? 32 : 128;
}

// The prefix length of a span that is one, else none.
std::optional<unsigned> prefix_length_of(const AddressSpan& span) {
  for (unsigned length = 0; length <= bits_of(span.first.family); ++length) {
    if (span_of_prefix(span.first, length) == span) return length;
  }
  return std::nullopt;
}

template <class T>
bool narrow(std::optional<T>& value, const std::optional<T>& other) {
  if (!other) return true;
  if (value && *value != *other) return false;
  value = other;
  return true;
}

bool narrow_destination(std::optional<AddressSpan>& value,
                        const std::optional<AddressSpan>& other) {
  if (!other) return true;
  if (!value) {
    value = other;
    return true;
  }
  if (value->first.family != other->first.family) return false;
  value->first = std::max(value->first, other->first);
  value->last = std::min(value->last, other->last);
  return value->first <= value->last;
}

// Two names of which neither is among the other's make it conditional.
bool narrow_interface(PacketScope& scope, const std::optional<InterfaceMatch>& other) {
  if (!other || scope.arrives_on == other) return true;
  if (!scope.arrives_on) {
    scope.arrives_on = other;
    return true;
  }
  if (scope.arrives_on->is_one()) return other->contains(scope.arrives_on->name);
  if (other->is_one()) {
    const bool both = scope.arrives_on->contains(other->name);
    scope.arrives_on = other;
    return both;
  }
  scope.conditional = true;
  return true;
}

bool covers_interface(const std::optional<InterfaceMatch>& outer,
                      const std::optional<InterfaceMatch>& inner) {
  if (!outer || outer == inner) return true;
  return inner && inner->is_one() && outer->contains(inner->name);
}

std::string protocol_words(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_SCTP: return "sctp";
    case IPPROTO_DCCP: return "dccp";
    case IPPROTO_UDPLITE: return "udplite";
    default: return fmt::format("protocol {}", protocol);
  }
}

}  // namespace

std::vector<PortSpan> ports_outside(std::vector<PortSpan> spans) {
  std::ranges::sort(spans);
  std::vector<PortSpan> out;
  unsigned next = 0;
  for (const PortSpan& span : spans) {
    if (span.first > next) {
      out.push_back({static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(span.first - 1)});
    }
    next = std::max(next, span.last + 1U);
  }
  if (next <= 65535) out.push_back({static_cast<std::uint16_t>(next), 65535});
  return out;
}

std::string AddressSpan::to_string() const {
  if (first == last) return first.to_string();
  if (const auto length = prefix_length_of(*this)) {
    return fmt::format("{}/{}", first.to_string(), *length);
  }
  return first.to_string() + "-" + last.to_string();
}

bool InterfaceMatch::contains(std::string_view interface) const {
  const bool named = prefix ? interface.starts_with(name) : interface == name;
  return named != other;
}

std::string InterfaceMatch::to_string() const {
  return fmt::format("iifname {}\"{}{}\"", other ? "!= " : "", name, prefix ? "*" : "");
}

std::optional<AddressSpan> span_of_prefix(const IpAddress& ip, unsigned prefix_length) {
  const unsigned bits = bits_of(ip.family);
  if (prefix_length > bits) return std::nullopt;
  AddressSpan span{.first = ip, .last = ip};
  for (unsigned bit = prefix_length; bit < bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    span.first.bytes[bit / 8] = static_cast<std::uint8_t>(span.first.bytes[bit / 8] & ~mask);
    span.last.bytes[bit / 8] = static_cast<std::uint8_t>(span.last.bytes[bit / 8] | mask);
  }
  return span;
}

std::optional<PacketScope> intersection(const PacketScope& one, const PacketScope& other) {
  PacketScope both = one;
  if (!narrow(both.family, other.family)) return std::nullopt;
  if (!narrow(both.ip_protocol, other.ip_protocol)) return std::nullopt;
  both.ports.first = std::max(one.ports.first, other.ports.first);
  both.ports.last = std::min(one.ports.last, other.ports.last);
  if (both.ports.first > both.ports.last) return std::nullopt;
  if (!narrow_destination(both.destination, other.destination)) return std::nullopt;
  if (both.destination && !narrow(both.family, {both.destination->first.family})) {
    return std::nullopt;
  }
  both.local_only = one.local_only || other.local_only;
  both.conditional = one.conditional || other.conditional;
  if (!narrow_interface(both, other.arrives_on)) return std::nullopt;
  both.unknown = one.unknown || other.unknown;
  both.random = one.random || other.random;
  return both;
}

bool covers(const PacketScope& outer, const PacketScope& inner) {
  if (outer.conditional || outer.random) return false;
  if (outer.family && outer.family != inner.family) return false;
  if (outer.ip_protocol && outer.ip_protocol != inner.ip_protocol) return false;
  if (outer.ports.first > inner.ports.first || outer.ports.last < inner.ports.last) return false;
  if (outer.local_only && !inner.local_only) return false;
  if (!covers_interface(outer.arrives_on, inner.arrives_on)) return false;
  if (!outer.destination) return true;
  return inner.destination && outer.destination->first <= inner.destination->first &&
         outer.destination->last >= inner.destination->last;
}

std::string to_string(const PacketScope& scope) {
  std::vector<std::string> words;
  if (scope.arrives_on) words.push_back(scope.arrives_on->to_string());
  const bool has_ports = !scope.ports.is_everything();
  if (scope.destination) {
    const bool ipv4 = scope.destination->first.family == AddressFamily::ipv4;
    words.push_back((ipv4 ? "ip daddr " : "ip6 daddr ") + scope.destination->to_string());
  } else if (scope.local_only) {
    words.emplace_back("fib daddr type local");
  }
  if (scope.ip_protocol) words.push_back(protocol_words(*scope.ip_protocol));
  if (!scope.ip_protocol && has_ports) words.emplace_back("th");
  if (has_ports && scope.ports.first == scope.ports.last) {
    words.push_back(fmt::format("dport {}", scope.ports.first));
  } else if (has_ports) {
    words.push_back(fmt::format("dport {}-{}", scope.ports.first, scope.ports.last));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace hostnet
