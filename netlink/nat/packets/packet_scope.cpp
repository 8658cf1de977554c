#include "netlink/nat/packets/packet_scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "netlink/base/ranges.h"
#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

unsigned bits_of(AddressFamily family) {
  return family == AddressFamily::ipv4 ? 32 : 128;
}

IpAddress neighbour(IpAddress ip, bool next) {
  for (std::size_t at = bits_of(ip.family) / 8; at-- > 0;) {
    const bool carries = ip.bytes[at] == (next ? 0xFF : 0);
    ip.bytes[at] = static_cast<std::uint8_t>(next ? ip.bytes[at] + 1 : ip.bytes[at] - 1);
    if (!carries) break;
  }
  return ip;
}

// The prefix length of a span that is a prefix, else unset.
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

// Whether `outer` includes every interface that `inner` names, ignoring `other`.
bool are_within(const InterfaceMatch& inner, const InterfaceMatch& outer) {
  return outer.prefix ? inner.name.starts_with(outer.name)
                      : !inner.prefix && inner.name == outer.name;
}

bool are_disjoint(const InterfaceMatch& one, const InterfaceMatch& two) {
  return !are_within(one, two) && !are_within(two, one);
}

bool implies(const InterfaceMatch& one, const InterfaceMatch& two) {
  if (!one.other && !two.other) return are_within(one, two);
  if (!one.other) return are_disjoint(one, two);
  return two.other && are_within(two, one);
}

bool excludes(const InterfaceMatch& one, const InterfaceMatch& two) {
  if (!one.other && !two.other) return are_disjoint(one, two);
  if (!one.other) return are_within(one, two);
  return !two.other && are_within(two, one);
}

// False: no interface is left.
bool narrow(InterfaceMatches& matches, const InterfaceMatch& match) {
  for (const InterfaceMatch& known : matches) {
    if (implies(known, match)) return true;
    if (excludes(known, match)) return false;
  }
  std::erase_if(matches, [&](const InterfaceMatch& known) { return implies(match, known); });
  matches.insert(std::ranges::lower_bound(matches, match), match);
  return true;
}

bool narrow(std::vector<MarkMatch>& matches, const MarkMatch& match) {
  for (const MarkMatch& known : matches) {
    if (known == match) return true;
    const bool same = known.kind == match.kind && known.mask == match.mask;
    if (same && known.value == match.value && known.other != match.other) return false;
    if (same && known.value != match.value && !known.other && !match.other) return false;
  }
  matches.insert(std::ranges::lower_bound(matches, match), match);
  return true;
}

template <class T>
bool narrow(std::vector<T>& matches, const std::vector<T>& others) {
  return std::ranges::all_of(others, [&](const T& match) { return narrow(matches, match); });
}

bool cover(const InterfaceMatches& outer, const InterfaceMatches& inner) {
  return std::ranges::all_of(outer, [&](const InterfaceMatch& match) {
    return std::ranges::any_of(inner, [&](const auto& known) { return implies(known, match); });
  });
}

bool cover(const std::vector<MarkMatch>& outer, const std::vector<MarkMatch>& inner) {
  return std::ranges::includes(inner, outer);
}

constexpr std::array<std::uint8_t, 3> kWithPorts = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

// Removes the packets that `other` does not have from `rest`, one dimension after the
// other, and keeps them in `outside`.
class Difference {
 public:
  explicit Difference(const PacketScope& scope) : rest_(scope) {}

  std::vector<PacketScope> of(const PacketScope& other) && {
    families(other);
    protocols(other);
    ports(other.ports);
    destinations(other);
    literals(&PacketScope::arrives_on, other.arrives_on);
    literals(&PacketScope::leaves_on, other.leaves_on);
    literals(&PacketScope::marks, other.marks);
    return std::move(outside_);
  }

 private:
  template <class Change>
  void keep(Change change) {
    PacketScope part = rest_;
    change(part);
    outside_.push_back(std::move(part));
  }

  void families(const PacketScope& other) {
    const auto family =
        other.destination ? std::optional(other.destination->first.family) : other.family;
    if (!family || rest_.family) return;
    keep([&](PacketScope& part) {
      part.family = *family == AddressFamily::ipv4 ? AddressFamily::ipv6 : AddressFamily::ipv4;
    });
    rest_.family = family;
  }

  void protocols(const PacketScope& other) {
    if (!other.ip_protocol || rest_.ip_protocol) return;
    for (const std::uint8_t protocol : kWithPorts) {
      if (protocol != *other.ip_protocol) {
        keep([&](PacketScope& part) { part.ip_protocol = protocol; });
      }
    }
    rest_.ip_protocol = other.ip_protocol;
  }

  void ports(const PortSpan& other) {
    if (rest_.ports.first < other.first) {
      keep([&](PacketScope& part) {
        part.ports.last = static_cast<std::uint16_t>(other.first - 1);
      });
      rest_.ports.first = other.first;
    }
    if (rest_.ports.last > other.last) {
      keep([&](PacketScope& part) {
        part.ports.first = static_cast<std::uint16_t>(other.last + 1);
      });
      rest_.ports.last = other.last;
    }
  }

  void destinations(const PacketScope& other) {
    if (!other.destination) return;
    if (!rest_.destination) rest_.destination = span_of_prefix(other.destination->first, 0);
    AddressSpan& span = *rest_.destination;
    if (span.first < other.destination->first) {
      keep([&](PacketScope& part) {
        part.destination->last = neighbour(other.destination->first, false);
      });
      span.first = other.destination->first;
    }
    if (span.last > other.destination->last) {
      keep([&](PacketScope& part) {
        part.destination->first = neighbour(other.destination->last, true);
      });
      span.last = other.destination->last;
    }
  }

  template <class T>
  void literals(std::vector<T> PacketScope::* which, const std::vector<T>& others) {
    for (const T& match : others) {
      PacketScope part = rest_;
      T opposite = match;
      opposite.other = !opposite.other;
      if (narrow(part.*which, opposite)) outside_.push_back(std::move(part));
      if (!narrow(rest_.*which, match)) return;
    }
  }

  PacketScope rest_;
  std::vector<PacketScope> outside_;
};

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
  return fmt::format("{}\"{}{}\"", other ? "!= " : "", name, prefix ? "*" : "");
}

bool matches_interface(const InterfaceMatches& matches, std::string_view interface) {
  return std::ranges::all_of(
      matches, [&](const InterfaceMatch& match) { return match.contains(interface); });
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
  both.elsewhere = one.elsewhere || other.elsewhere;
  if (both.local_only && both.elsewhere) return std::nullopt;
  both.certainty = std::max(one.certainty, other.certainty);
  if (!narrow(both.arrives_on, other.arrives_on)) return std::nullopt;
  if (!narrow(both.leaves_on, other.leaves_on)) return std::nullopt;
  if (!narrow(both.marks, other.marks)) return std::nullopt;
  return both;
}

std::vector<PacketScope> difference(const PacketScope& scope, const PacketScope& other) {
  const bool has_ports = !other.ip_protocol || contains(kWithPorts, *other.ip_protocol);
  if (!has_ports || other.elsewhere || !intersection(scope, other)) return {scope};
  return Difference(scope).of(other);
}

std::vector<PacketScope> difference(const std::vector<PacketScope>& scopes,
                                    const PacketScope& other) {
  std::vector<PacketScope> out;
  for (const PacketScope& scope : scopes) {
    std::ranges::move(difference(scope, other), std::back_inserter(out));
  }
  return out;
}

bool covers(const PacketScope& outer, const PacketScope& inner) {
  if (outer.certainty != Certainty::certain) return false;
  if (outer.elsewhere && !inner.elsewhere) return false;
  if (outer.family && outer.family != inner.family) return false;
  if (outer.ip_protocol && outer.ip_protocol != inner.ip_protocol) return false;
  if (outer.ports.first > inner.ports.first || outer.ports.last < inner.ports.last) return false;
  if (!cover(outer.arrives_on, inner.arrives_on) || !cover(outer.leaves_on, inner.leaves_on)) {
    return false;
  }
  if (!cover(outer.marks, inner.marks)) return false;
  if (!outer.destination) return true;
  return inner.destination && outer.destination->first <= inner.destination->first &&
         outer.destination->last >= inner.destination->last;
}

std::string to_string(const PacketScope& scope) {
  std::string words;
  const auto add = [&](const std::string& word) {
    if (!words.empty()) words += ' ';
    words += word;
  };
  for (const InterfaceMatch& match : scope.arrives_on) add("iifname " + match.to_string());
  const bool has_ports = !scope.ports.is_everything();
  if (scope.destination) {
    const bool ipv4 = scope.destination->first.family == AddressFamily::ipv4;
    add((ipv4 ? "ip daddr " : "ip6 daddr ") + scope.destination->to_string());
  } else if (scope.local_only) {
    add("fib daddr type local");
  }
  if (scope.ip_protocol) add(protocol_words(*scope.ip_protocol));
  if (!scope.ip_protocol && has_ports) add("th");
  if (has_ports && scope.ports.first == scope.ports.last) {
    add("dport " + std::to_string(scope.ports.first));
  } else if (has_ports) {
    add(fmt::format("dport {}-{}", scope.ports.first, scope.ports.last));
  }
  return words;
}

}  // namespace hostnet
