// clang-format off: the kernel's headers go after libc's, which netfilter.h begins with.
#include "netlink/base/ranges.h"
#include "netlink/nat/packets/netfilter.h"
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_mark.h>
// clang-format on

#include <array>
#include <cstring>

#include "netlink/attributes.h"
#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 20> kGoOn = {
    "AUDIT", "CHECKSUM",  "CLASSIFY", "CONNSECMARK", "DSCP",  "ECN",     "HL",
    "HMARK", "IDLETIMER", "LED",      "LOG",         "NFLOG", "RATEEST", "SECMARK",
    "SET",   "TCPMSS",    "TEE",      "TOS",         "TRACE", "TTL"};
constexpr std::array<std::string_view, 4> kEnds = {"NFQUEUE", "SNAT", "MASQUERADE", "SYNPROXY"};

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

// IPv4 before revision 2 (DNAT) has its own struct, in both targets.
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
  PacketAction action{.kind = kind, .target = NatTarget{}};
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

template <class T>
Result<T> info_of_target(const XtExtension& target) {
  if (target.info.size() >= sizeof(T)) return copy_of<T>(target.info);
  return failure(Reason::malformed, "xt target " + std::string(target.name) + " revision " +
                                        std::to_string(target.revision) + " of " +
                                        std::to_string(target.info.size()) + " bytes, not " +
                                        std::to_string(sizeof(T)));
}

PacketAction marking(const MarkChange& change) {
  return {.kind = PacketAction::Kind::set_mark, .mark = change};
}

Result<PacketAction> mark_target(const XtExtension& target) {
  const auto info = info_of_target<xt_mark_tginfo2>(target);
  if (!info) return std::unexpected(info.error());
  return marking({.kind = MarkKind::packet, .keep = ~info->mask, .take = 0, .value = info->mark});
}

Result<PacketAction> connmark_target(const XtExtension& target) {
  const auto info = info_of_target<xt_connmark_tginfo1>(target);
  if (!info) return std::unexpected(info.error());
  // Revision 2 also shifts the mark; the direction precedes the mode in its struct.
  const auto mode =
      target.revision == 2 ? copy_of<xt_connmark_tginfo2>(target.info).mode : info->mode;
  switch (mode) {
    case XT_CONNMARK_SAVE: return marking({MarkKind::connection, ~info->ctmask, info->nfmask, 0});
    case XT_CONNMARK_RESTORE: return marking({MarkKind::packet, ~info->nfmask, info->ctmask, 0});
    default: return marking({MarkKind::connection, ~info->ctmask, 0, info->ctmark});
  }
}

Result<PacketAction> ct_target(const XtExtension& target) {
  const auto info = info_of_target<xt_ct_target_info>(target);
  if (!info) return std::unexpected(info.error());
  if ((info->flags & XT_CT_NOTRACK) == 0) return PacketAction{};
  return PacketAction{.kind = PacketAction::Kind::notrack};
}

template <class T>
Result<std::vector<PacketAction>> tproxy_target(const XtExtension& target) {
  using Kind = PacketAction::Kind;
  const auto info = info_of_target<T>(target);
  if (!info) return std::unexpected(info.error());
  const auto port = ntohs(info->lport);
  const auto address = address_of(target.family.value_or(AddressFamily::ipv4), &info->laddr);
  PacketAction action{.kind = Kind::tproxy};
  action.target = NatTarget{.port = port, .last_port = port};
  if (!address.is_wildcard()) action.target->address = address;
  const MarkChange mark{MarkKind::packet, ~info->mark_mask, 0, info->mark_value};
  return std::vector{marking(mark), action, PacketAction{.kind = Kind::accept}};
}

Result<PacketAction> one_action(const XtExtension& target, UnknownParts& unknown) {
  using Kind = PacketAction::Kind;
  if (target.name == "DNAT" && target.revision <= 2) return translation(target, Kind::dnat);
  if (target.name == "NETMAP") return translation(target, Kind::dnat);
  if (target.name == "REDIRECT" && target.revision == 0) return translation(target, Kind::redirect);
  if (target.name == "REJECT") return PacketAction{.kind = Kind::reject};
  if (target.name == "NOTRACK") return PacketAction{.kind = Kind::notrack};
  if (target.name == "CT") return ct_target(target);
  if (target.name == "MARK" && target.revision == 2) return mark_target(target);
  if (target.name == "CONNMARK" && target.revision <= 2) return connmark_target(target);
  if (contains(kEnds, target.name)) return PacketAction{.kind = Kind::accept};
  if (!contains(kGoOn, target.name)) {
    ++unknown["target " + std::string(target.name)];
  }
  return PacketAction{};
}

}  // namespace

Result<std::vector<PacketAction>> decode_xt_target(const XtExtension& target,
                                                   UnknownParts& unknown) {
  if (target.name == "TPROXY" && target.revision == 0) {
    return tproxy_target<xt_tproxy_target_info>(target);
  }
  if (target.name == "TPROXY" && target.revision == 1) {
    return tproxy_target<xt_tproxy_target_info_v1>(target);
  }
  const auto action = one_action(target, unknown);
  if (!action) return std::unexpected(action.error());
  if (action->kind == PacketAction::Kind::go_on) return std::vector<PacketAction>{};
  return std::vector{*action};
}

}  // namespace hostnet
