// clang-format off: the kernel's headers go after libc's, which netfilter.h begins with.
#include "netlink/base/ranges.h"
#include "netlink/nat/packets/netfilter.h"
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
// clang-format on

#include <array>

#include "netlink/attributes.h"
#include "netlink/nat/xtables/xt_set.h"

namespace hostnet {
namespace {

// Known, but not modelled.
constexpr std::array<std::string_view, 32> kConditions = {
    "ah",        "bpf",     "cgroup", "cluster",  "connbytes", "connlabel", "connlimit", "connmark",
    "conntrack", "cpu",     "dscp",   "ecn",      "esp",       "hashlimit", "helper",    "icmp",
    "icmp6",     "iprange", "length", "limit",    "mac",       "mark",      "owner",     "physdev",
    "pkttype",   "policy",  "recent", "rpfilter", "socket",    "string",    "time",      "u32"};

// struct xt_sctp_info; the kernel's header is C only.
struct SctpInfo {
  std::uint16_t destination_ports[2], source_ports[2];
  std::uint32_t chunk_map[8], chunk_match_type;
  std::uint8_t flag_info[4][3];
  std::int32_t flag_count;
  std::uint32_t flags, inverted;
};
constexpr std::uint32_t kSctpSource = 1, kSctpDestination = 2, kSctpChunks = 4;

std::unexpected<Error> short_info(const XtExtension& extension, std::size_t wanted) {
  return failure(Reason::malformed, "xt match " + std::string(extension.name) + " revision " +
                                        std::to_string(extension.revision) + " of " +
                                        std::to_string(extension.info.size()) + " bytes, not " +
                                        std::to_string(wanted));
}

// The match's struct, or the error.
template <class T>
Result<T> info_of(const XtExtension& match) {
  if (match.info.size() < sizeof(T)) return short_info(match, sizeof(T));
  return copy_of<T>(match.info);
}

bool is_every_port(const std::uint16_t (&ports)[2]) {
  return ports[0] == 0 && ports[1] == 65535;
}

// The ports of `span`, or all others.
std::vector<PacketScope> port_scopes(const PacketScope& base, PortSpan span, bool inverted) {
  PacketScope scope = base;
  scope.ports = span;
  return inverted ? difference(base, scope) : std::vector{scope};
}

PacketScope doubtful(bool conditional, PacketScope scope = {}) {
  if (conditional) scope.doubt(Certainty::conditional);
  return scope;
}

// --syn matches the first packet of every connection, the only one that nat chains see.
bool asks_for_more_than_syn(const xt_tcp& info) {
  constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;
  if (info.flg_mask == 0) return false;
  const bool inverted = (info.invflags & XT_TCP_INV_FLAGS) != 0;
  return inverted || (info.flg_mask & ~(kFin | kSyn | kRst | kAck)) != 0 ||
         info.flg_cmp != (info.flg_mask & kSyn);
}

Result<XtMatch> tcp_ports(const XtExtension& match) {
  const auto info = info_of<xt_tcp>(match);
  if (!info) return std::unexpected(info.error());
  const PacketScope base =
      doubtful(!is_every_port(info->spts) || asks_for_more_than_syn(*info) || info->option != 0,
               {.ip_protocol = IPPROTO_TCP});
  return XtMatch{.scopes = port_scopes(base, {info->dpts[0], info->dpts[1]},
                                       (info->invflags & XT_TCP_INV_DSTPT) != 0)};
}

Result<XtMatch> udp_ports(const XtExtension& match) {
  const auto info = info_of<xt_udp>(match);
  if (!info) return std::unexpected(info.error());
  const std::uint8_t protocol = match.name == "udp" ? IPPROTO_UDP : IPPROTO_UDPLITE;
  const PacketScope base = doubtful(!is_every_port(info->spts), {.ip_protocol = protocol});
  return XtMatch{.scopes = port_scopes(base, {info->dpts[0], info->dpts[1]},
                                       (info->invflags & XT_UDP_INV_DSTPT) != 0)};
}

Result<XtMatch> sctp_ports(const XtExtension& match) {
  const auto info = info_of<SctpInfo>(match);
  if (!info) return std::unexpected(info.error());
  const PacketScope base =
      doubtful((info->flags & (kSctpSource | kSctpChunks)) != 0, {.ip_protocol = IPPROTO_SCTP});
  if ((info->flags & kSctpDestination) == 0) return XtMatch{.scopes = {base}};
  const auto& ports = info->destination_ports;
  return XtMatch{
      .scopes = port_scopes(base, {ports[0], ports[1]}, (info->inverted & kSctpDestination) != 0)};
}

Result<XtMatch> multiport(const XtExtension& match) {
  const std::size_t size = match.revision == 0 ? sizeof(xt_multiport) : sizeof(xt_multiport_v1);
  if (match.info.size() < size) return short_info(match, size);
  // Revision 0 is the beginning of revision 1; missing fields stay 0.
  const auto info = copy_of<xt_multiport_v1>(match.info.first(size));
  if (info.count > XT_MULTI_PORTS) {
    return failure(Reason::malformed,
                   "xt match multiport of " + std::to_string(info.count) + " ports");
  }
  if (info.flags == XT_MULTIPORT_SOURCE || info.flags == XT_MULTIPORT_EITHER) {
    return XtMatch{.scopes = {doubtful(true)}};
  }
  std::vector<PacketScope> inside, outside{{}};
  for (std::size_t at = 0; at < info.count; ++at) {
    PortSpan span{.first = info.ports[at], .last = info.ports[at]};
    if (info.pflags[at] != 0 && at + 1 < info.count) span.last = info.ports[++at];
    inside.push_back({.ports = span});
    outside = difference(outside, inside.back());
  }
  return XtMatch{.scopes = info.invert != 0 ? outside : inside};
}

template <class T>
Result<XtMatch> mark_match(const XtExtension& match, MarkKind kind) {
  const auto info = info_of<T>(match);
  if (!info) return std::unexpected(info.error());
  PacketScope scope;
  scope.marks = {
      {.kind = kind, .mask = info->mask, .value = info->mark, .other = info->invert != 0}};
  if (kind == MarkKind::connection) scope.marks.push_back(kTracked);
  return XtMatch{.scopes = {scope}};
}

// The state is one of these (xt_state uses the same bits as nf_tables).
PacketScope with_states(std::uint32_t states, bool inverted) {
  return {.marks = {{.kind = MarkKind::state, .mask = states, .value = 0, .other = !inverted}}};
}

Result<XtMatch> connection_state(const XtExtension& match) {
  const auto info = info_of<xt_state_info>(match);
  if (!info) return std::unexpected(info.error());
  return XtMatch{.scopes = {with_states(info->statemask, false)}};
}

// Of a connection that a rule translated.
MarkMatch with_dnat(bool inverted) {
  return {.kind = MarkKind::status, .mask = kStatusDnat, .value = kStatusDnat, .other = inverted};
}

// --ctstate: separate bits stand for a translated connection and for an untracked packet.
std::vector<PacketScope> with_states_of(const xt_conntrack_mtinfo3& info) {
  constexpr std::uint32_t kOfTranslated = XT_CONNTRACK_STATE_DNAT | XT_CONNTRACK_STATE_SNAT;
  const bool inverted = (info.invert_flags & XT_CONNTRACK_STATE) != 0;
  const bool of_dnat = (info.state_mask & XT_CONNTRACK_STATE_DNAT) != 0;
  std::uint32_t states = info.state_mask & ~(kOfTranslated | XT_CONNTRACK_STATE_UNTRACKED);
  if ((info.state_mask & XT_CONNTRACK_STATE_UNTRACKED) != 0) states |= kStateUntracked;
  PacketScope by_state = with_states(states, inverted);
  if (!of_dnat) return {by_state};
  if (inverted) {
    by_state.marks.push_back(with_dnat(true));
    return {by_state};
  }
  // None of the states, but translated: the two scopes are disjoint.
  PacketScope by_dnat = with_states(states, true);
  by_dnat.marks.push_back(with_dnat(false));
  return {by_state, by_dnat};
}

// Without a connection only the state counts (net/netfilter/xt_conntrack.c).
Result<XtMatch> conntrack(const XtExtension& match) {
  const auto info = info_of<xt_conntrack_mtinfo3>(match);
  if (!info) return std::unexpected(info.error());
  const unsigned asked = info->match_flags & ~unsigned{XT_CONNTRACK_STATE_ALIAS};
  XtMatch out{.scopes = {{}}};
  if ((asked & XT_CONNTRACK_STATE) != 0) out.scopes = with_states_of(*info);
  const unsigned others = asked & ~unsigned{XT_CONNTRACK_STATE};
  const bool by_dnat = others == XT_CONNTRACK_STATUS && info->status_mask == kStatusDnat;
  for (PacketScope& scope : out.scopes) {
    if (asked == others) scope.marks.push_back(kTracked);
    if (by_dnat) {
      scope.marks.push_back(with_dnat((info->invert_flags & XT_CONNTRACK_STATUS) != 0));
    } else if (others != 0) {
      scope.doubt(Certainty::conditional);
    }
  }
  return out;
}

Result<XtMatch> address_type(const XtExtension& match) {
  std::uint32_t source = 0, destination = 0;
  bool inverted = false, by_interface = false;
  if (match.revision == 0) {
    const auto info = info_of<xt_addrtype_info>(match);
    if (!info) return std::unexpected(info.error());
    source = info->source;
    destination = info->dest;
    inverted = info->invert_dest != 0;
  } else {
    const auto info = info_of<xt_addrtype_info_v1>(match);
    if (!info) return std::unexpected(info.error());
    source = info->source;
    destination = info->dest;
    inverted = (info->flags & XT_ADDRTYPE_INVERT_DEST) != 0;
    by_interface = (info->flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT)) != 0;
  }
  PacketScope scope = doubtful(source != 0 || by_interface);
  if (destination != 0 && !by_interface) {
    const bool takes_local = ((destination & XT_ADDRTYPE_LOCAL) != 0) != inverted;
    if (!takes_local) scope.elsewhere = true;
    if (!inverted && destination == XT_ADDRTYPE_LOCAL) scope.local_only = true;
  }
  return XtMatch{.scopes = {scope}};
}

// Adding the source to a list is no condition; checking whether it is on one is.
Result<XtMatch> recent(const XtExtension& match) {
  const auto info = info_of<xt_recent_mtinfo>(match);
  if (!info) return std::unexpected(info.error());
  const bool only_notes = (info->check_set & XT_RECENT_SET) != 0;
  if (only_notes && info->invert != 0) return XtMatch{};
  return XtMatch{.scopes = {doubtful(!only_notes)}};
}

}  // namespace

Result<XtMatch> decode_xt_match(const XtExtension& match, UnknownParts& unknown,
                                const IpSetLookup& sets) {
  if (match.name == "comment") {
    return XtMatch{.scopes = {{}}, .comment = AttributeTable<0>::text_of(match.info)};
  }
  if (match.name == "tcp") return tcp_ports(match);
  if (match.name == "udp" || match.name == "udplite") return udp_ports(match);
  if (match.name == "sctp") return sctp_ports(match);
  if (match.name == "multiport" && match.revision <= 1) return multiport(match);
  if (match.name == "addrtype" && match.revision <= 1) return address_type(match);
  if (match.name == "state") return connection_state(match);
  if (match.name == "conntrack" && match.revision == 3) return conntrack(match);
  if (match.name == "mark" && match.revision == 1) {
    return mark_match<xt_mark_mtinfo1>(match, MarkKind::packet);
  }
  if (match.name == "connmark" && match.revision == 1) {
    return mark_match<xt_connmark_mtinfo1>(match, MarkKind::connection);
  }
  if (match.name == "set") return decode_xt_set(match, sets, unknown);
  if (match.name == "recent" && match.revision <= 1) return recent(match);
  if (match.name == "nfacct") return XtMatch{.scopes = {{}}};  // only counts
  // `statistic` chooses one of several backends; the rule for the last has no such match.
  const bool known = match.name == "statistic" || contains(kConditions, match.name);
  if (!known) ++unknown["match " + std::string(match.name)];
  PacketScope scope;
  scope.doubt(known ? Certainty::conditional : Certainty::unknown);
  return XtMatch{.scopes = {scope}};
}

}  // namespace hostnet
