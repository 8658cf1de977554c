#include "netlink/nat/xtables/xt_set.h"

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/xt_set.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "netlink/attributes.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

constexpr std::array<std::uint8_t, 5> kWithPorts = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE,
                                                    IPPROTO_SCTP, IPPROTO_DCCP};

constexpr std::size_t kMostScopesOfSet = 8192;

// The common part of revisions 1 to 4.
struct SetMatch {
  std::uint16_t index{};
  std::uint8_t dimensions{};
  std::uint8_t flags{};  // enum ip_set_kopt
  bool counters{};       // the element's counters are also compared
  bool inverted() const { return (flags & IPSET_INV_MATCH) != 0; }
  // Whether that part of an element is compared with the packet's source.
  bool is_source(std::size_t part) const { return (flags >> (part + 1) & 1U) != 0; }
};

template <class T>
SetMatch set_match_of(std::span<const std::byte> info) {
  const auto raw = copy_of<T>(info);
  SetMatch out{
      .index = raw.match_set.index, .dimensions = raw.match_set.dim, .flags = raw.match_set.flags};
  if constexpr (requires { raw.packets.op; }) {
    out.counters = raw.packets.op != IPSET_COUNTER_NONE || raw.bytes.op != IPSET_COUNTER_NONE ||
                   (raw.flags & IPSET_FLAG_RETURN_NOMATCH) != 0;
  }
  return out;
}

std::optional<PacketScope> scope_of(const IpSetElement& element,
                                    const std::vector<std::string_view>& parts,
                                    const SetMatch& match) {
  PacketScope scope;
  std::size_t address = 0;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const bool is_address = parts[part] == "ip" || parts[part] == "net";
    if (parts[part] == "port" && element.ip_protocol) {
      // For other protocols the "port" is something else: ICMP's type and code.
      if (!contains(kWithPorts, *element.ip_protocol)) return {};
      scope.ip_protocol = element.ip_protocol;
    }
    if (parts[part] == "port" && element.ports && !match.is_source(part)) {
      scope.ports = *element.ports;
    } else if (is_address && address < element.addresses.size() && element.addresses[address] &&
               !match.is_source(part) && !scope.destination) {
      scope.destination = element.addresses[address];
    } else {
      scope.doubt(Certainty::conditional);
    }
    if (is_address) ++address;
  }
  return scope;
}

// Sorts, and joins scopes that only differ in adjacent ports.
void join_ports(std::vector<PacketScope>& scopes) {
  const auto without_ports = [](const PacketScope& scope) {
    return std::tie(scope.ip_protocol, scope.destination, scope.certainty);
  };
  std::ranges::sort(scopes, [&](const PacketScope& one, const PacketScope& other) {
    return std::tuple_cat(without_ports(one), std::tie(one.ports)) <
           std::tuple_cat(without_ports(other), std::tie(other.ports));
  });
  std::size_t kept = 0;
  for (std::size_t at = 1; at < scopes.size(); ++at) {
    PacketScope& last = scopes[kept];
    const bool adjoins = without_ports(last) == without_ports(scopes[at]) &&
                         scopes[at].ports.first <= last.ports.last + 1;
    if (adjoins) {
      last.ports.last = std::max(last.ports.last, scopes[at].ports.last);
    } else {
      scopes[++kept] = scopes[at];
    }
  }
  if (!scopes.empty()) scopes.resize(kept + 1);
}

XtMatch everything_else(const IpSet& set, bool only_ports) {
  XtMatch out{.scopes = {{}}};
  if (!only_ports) out.scopes.front().doubt(Certainty::conditional);
  for (const IpSetElement& element : set.elements) {
    if (only_ports && element.ports) out.scopes = difference(out.scopes, {.ports = *element.ports});
  }
  return out;
}

XtMatch match_of(const IpSet& set, const SetMatch& match) {
  const auto parts = ip_set_parts(set.type);
  // As in the kernel: a set of more dimensions than the match has matches nothing.
  if (match.dimensions < parts.size()) return {};
  if (match.inverted()) {
    return everything_else(set, set.type == "bitmap:port" && !match.is_source(0));
  }
  XtMatch out;
  for (const IpSetElement& element : set.elements) {
    if (element.exception) continue;
    if (const auto scope = scope_of(element, parts, match)) out.scopes.push_back(*scope);
  }
  const bool narrowed =
      match.counters || std::ranges::any_of(set.elements, &IpSetElement::exception);
  for (PacketScope& scope : out.scopes) {
    if (narrowed) scope.doubt(Certainty::conditional);
  }
  join_ports(out.scopes);
  return out;
}

}  // namespace

Result<XtMatch> decode_xt_set(const XtExtension& match, const IpSetLookup& sets,
                              UnknownParts& unknown) {
  const auto is_unknown = [&](const std::string& what) {
    ++unknown[what];
    PacketScope scope;
    scope.doubt(Certainty::unknown);
    return XtMatch{.scopes = {scope}};
  };
  const std::array<std::size_t, 5> sizes = {
      0, sizeof(xt_set_info_match_v1), sizeof(xt_set_info_match_v1), sizeof(xt_set_info_match_v3),
      sizeof(xt_set_info_match_v4)};
  if (match.revision == 0 || match.revision >= sizes.size()) {
    return is_unknown("match set revision " + std::to_string(match.revision));
  }
  if (match.info.size() < sizes.at(match.revision)) {
    return failure(Reason::malformed, "xt match set revision " + std::to_string(match.revision) +
                                          " of " + std::to_string(match.info.size()) + " bytes");
  }
  SetMatch asked;
  if (match.revision <= 2) asked = set_match_of<xt_set_info_match_v1>(match.info);
  if (match.revision == 3) asked = set_match_of<xt_set_info_match_v3>(match.info);
  if (match.revision == 4) asked = set_match_of<xt_set_info_match_v4>(match.info);
  if (!sets) return is_unknown("match set");
  const auto set = sets(asked.index);
  if (!set) return is_unknown("ipset " + std::to_string(asked.index));
  XtMatch out = match_of(**set, asked);
  if ((*set)->too_large || out.scopes.size() > kMostScopesOfSet) {
    return is_unknown("ipset " + (*set)->name);
  }
  return out;
}

}  // namespace hostnet
