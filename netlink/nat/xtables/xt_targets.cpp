
#include <algorithm>
#include <array>
#include <cstring>

#include "netlink/attributes.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 21> kGoOn = {
    "AUDIT",   "CHECKSUM", "CLASSIFY", "CONNMARK", "CONNSECMARK", "CT",    "DSCP",
    "ECN",     "HMARK",    "LED",      "LOG",      "MARK",        "NFLOG", "RATEEST",
    "SECMARK", "SET",      "TCPMSS",   "TEE",      "TOS",         "TRACE", "TTL"};
constexpr std::array<std::string_view, 5> kEnds = {"NFQUEUE", "REJECT", "SNAT", "MASQUERADE",
                                                   "SYNPROXY"};

struct NatRange {
  std::uint32_t flags{};
  std::optional<IpAddress> first, last;
  std::uint16_t port{}, last_port{};
};

std::uint16_t port_of(const nf_conntrack_man_proto& proto) {
  return ntohs(proto.all);
}

IpAddress address_of(AddressFamily family, const void* bytes) {
  IpAddress ip{.family = family, .bytes = {}};
  std::memcpy(ip.bytes.data(), bytes, family == AddressFamily::ipv4 ? 4 : 16);
  return ip;
}

// IPv4 before revision 2 (DNAT) has a struct of its own, in both targets.
Result<NatRange> range_of(const XtExtension& target) {
  const AddressFamily family = target.family.value_or(AddressFamily::ipv4);
  const bool old_form = family == AddressFamily::ipv4 && target.revision == 0;
  const std::size_t size = old_form ? sizeof(nf_nat_ipv4_multi_range_compat) : sizeof(nf_nat_range);
  if (target.info.size() < size) {
    return failure(Reason::malformed, "xt target " + std::string(target.name) + " revision " +
                                          std::to_string(target.revision) + " of " +
                                          std::to_string(target.info.size()) + " bytes, not " +
                                          std::to_string(size));
  }
  NatRange out;
  if (old_form) {
    const auto info = copy_of<nf_nat_ipv4_multi_range_compat>(target.info).range[0];
    out.flags = info.flags;
    out.first = address_of(family, &info.min_ip);
    out.last = address_of(family, &info.max_ip);
    out.port = port_of(info.min);
    out.last_port = port_of(info.max);
  } else {
    const auto info = copy_of<nf_nat_range>(target.info);
    out.flags = info.flags;
    out.first = address_of(family, &info.min_addr);
    out.last = address_of(family, &info.max_addr);
    out.port = port_of(info.min_proto);
    out.last_port = port_of(info.max_proto);
  }
  return out;
}

Result<PacketAction> translation(const XtExtension& target, PacketAction::Kind kind) {
  const auto range = range_of(target);
  if (!range) return std::unexpected(range.error());
  PacketAction action{.kind = kind, .chain = {}, .target = NatTarget{}};
  const bool addresses =
      kind == PacketAction::Kind::dnat && (range->flags & NF_NAT_RANGE_MAP_IPS) != 0;
  if (addresses) action.target->address = range->first;
  if (addresses && range->last != range->first) action.target->last_address = range->last;
  if ((range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) != 0) {
    action.target->port = range->port;
    action.target->last_port = range->last_port;
  }
  return action;
}

}  // namespace

Result<PacketAction> decode_xt_target(const XtExtension& target, UnknownParts& unknown) {
  using Kind = PacketAction::Kind;
  if (target.name == "DNAT" && target.revision <= 2) return translation(target, Kind::dnat);
  if (target.name == "NETMAP") return translation(target, Kind::dnat);
  if (target.name == "REDIRECT" && target.revision == 0) return translation(target, Kind::redirect);
  if (std::ranges::find(kEnds, target.name) != kEnds.end())
    return PacketAction{.kind = Kind::accept};
  if (std::ranges::find(kGoOn, target.name) == kGoOn.end()) {
    ++unknown["target " + std::string(target.name)];
  }
  return PacketAction{};
}

}  // namespace hostnet
