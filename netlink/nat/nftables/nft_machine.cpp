#include "netlink/nat/nftables/nft_machine.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <utility>

#include "netlink/base/ranges.h"
#include "netlink/nat/nftables/nft_registers.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {
namespace {

// They change or count something, and every packet continues.
constexpr std::array<std::string_view, 9> kNeutral = {
    "counter", "log", "last", "objref", "dynset", "dup", "fwd", "nftrace", "flow_offload"};
constexpr std::array<std::string_view, 4> kNarrowing = {"limit", "quota", "connlimit", "osf"};
constexpr std::array<std::string_view, 4> kEnding = {"queue", "masq", "synproxy", "snat"};

}  // namespace

NftMachine::NftMachine(const NftRule& rule, const NftSetLookup& sets, const IpSetLookup& ip_sets,
                       UnknownParts& unknown)
    : sets_(sets), ip_sets_(ip_sets), unknown_(unknown), family_(ip_family(rule.table.family)) {
  NftPath start;
  start.scope.family = family_;
  start.marks = {symbolic_mark(MarkKind::packet), symbolic_mark(MarkKind::connection)};
  paths_.push_back(std::move(start));
  out_.comment = rule.comment;
}

PacketRule NftMachine::finish() && {
  return std::move(out_);
}

Result<> NftMachine::run(std::string_view name, std::span<const std::byte> data) {
  if (paths_.empty()) return {};
  if (name == "immediate") return immediate(data);
  if (name == "payload") return payload(data);
  if (name == "meta") return meta(data);
  if (name == "fib") return fib(data);
  if (name == "bitwise") return bitwise(data);
  if (name == "cmp") return compare(data);
  if (name == "range") return range(data);
  if (name == "lookup") return lookup(data);
  if (name == "nat") return translate(data);
  if (name == "redir") return redirect(data);
  if (name == "match") return match(data);
  if (name == "target") return target(data);
  if (name == "numgen") return load(data, NFTA_NG_DREG, PacketField::random);
  if (name == "hash") return load(data, NFTA_HASH_DREG, PacketField::random);
  if (name == "ct") return conntrack(data);
  if (name == "rt") return load(data, NFTA_RT_DREG, PacketField::unknown);
  if (name == "socket") return load(data, NFTA_SOCKET_DREG, PacketField::unknown);
  if (name == "byteorder") return byteorder(data);
  if (name == "exthdr") {  // packets without that header do not match
    narrow_all();
    return load(data, NFTA_EXTHDR_DREG, PacketField::unknown);
  }
  if (name == "tproxy") return tproxy(data);
  if (!contains(kNeutral, name)) end_or_narrow(name);
  return {};
}

void NftMachine::end_or_narrow(std::string_view name) {
  using Kind = PacketAction::Kind;
  if (name == "notrack") return emit_all({.kind = Kind::notrack});
  if (name == "reject") return end_all({.kind = Kind::reject});
  if (contains(kEnding, name)) return end_all({.kind = Kind::accept});
  if (contains(kNarrowing, name)) return narrow_all();
  narrow_all_by_unknown(std::string(name));
}

void NftMachine::narrow_all() {
  for (NftPath& path : paths_) path.scope.doubt(Certainty::conditional);
}

void NftMachine::narrow_all_by_unknown(std::string name) {
  ++unknown_[std::move(name)];
  for (NftPath& path : paths_) {
    path.scope.doubt(Certainty::unknown);
    path.registers.fill({});
  }
}

void NftMachine::emit(const NftPath& path, const PacketAction& action) {
  out_.alternatives.push_back({.scope = path.scope, .action = action, .comment = path.comment});
}

void NftMachine::emit_all(const PacketAction& action) {
  for (const NftPath& path : paths_) emit(path, action);
}

void NftMachine::end_all(const PacketAction& action) {
  emit_all(action);
  paths_.clear();
}

void NftMachine::replace_paths(std::vector<NftPath> paths) {
  paths_ = std::move(paths);
  if (paths_.size() <= kMostAlternatives) return;
  ++unknown_["alternatives beyond " + std::to_string(kMostAlternatives)];
  paths_.resize(kMostAlternatives);
}

Result<> NftMachine::immediate(Data data) {
  const auto table = AttributeTable<NFTA_IMMEDIATE_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const auto value = nft_nested<NFTA_DATA_MAX>(*table, NFTA_IMMEDIATE_DATA);
  if (!value) return std::unexpected(value.error());
  const std::uint32_t where = nft_number(*table, NFTA_IMMEDIATE_DREG);
  if (where == NFT_REG_VERDICT) {
    const auto verdict = decode_nft_verdict((*value)[NFTA_DATA_VERDICT]);
    if (!verdict) return std::unexpected(verdict.error());
    if (const auto action = action_of(*verdict)) end_all(*action);
    if (verdict->code == NFT_BREAK) paths_.clear();
    return {};
  }
  const Data bytes = (*value)[NFTA_DATA_VALUE];
  const auto at = nft_slot(where, bytes.size());
  if (!at) return std::unexpected(at.error());
  for (NftPath& path : paths_) put_constant(path.registers, *at, bytes);
  return {};
}

Result<> NftMachine::match(Data data) {
  const auto table = AttributeTable<NFTA_MATCH_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::string name = table->text(NFTA_MATCH_NAME);
  auto decoded =
      decode_xt_match({.name = name,
                       .revision = static_cast<std::uint8_t>(nft_number(*table, NFTA_MATCH_REV)),
                       .info = (*table)[NFTA_MATCH_INFO],
                       .family = family_},
                      unknown_, ip_sets_);
  if (!decoded) return std::unexpected(std::move(decoded).error());
  if (!decoded->comment.empty()) out_.comment = std::move(decoded->comment);
  std::vector<NftPath> next;
  for (const NftPath& path : paths_) {
    for (const PacketScope& scope : decoded->scopes) {
      const auto both = intersection(path.scope, scope);
      if (!both) continue;
      next.push_back(path);
      next.back().scope = *both;
    }
  }
  replace_paths(std::move(next));
  return {};
}

Result<> NftMachine::target(Data data) {
  const auto table = AttributeTable<NFTA_TARGET_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::string name = table->text(NFTA_TARGET_NAME);
  const auto actions =
      decode_xt_target({.name = name,
                        .revision = static_cast<std::uint8_t>(nft_number(*table, NFTA_TARGET_REV)),
                        .info = (*table)[NFTA_TARGET_INFO],
                        .family = family_},
                       unknown_);
  if (!actions) return std::unexpected(actions.error());
  for (const PacketAction& action : *actions) emit_all(action);
  return {};
}

Result<PacketRule> compile_nft_rule(const NftRule& rule, const NftSetLookup& sets,
                                    UnknownParts& unknown, const IpSetLookup& ip_sets) {
  NftMachine machine(rule, sets, ip_sets, unknown);
  const auto on_expression = [&](const NetlinkAttribute& attribute) -> Result<> {
    if (attribute.type != NFTA_LIST_ELEM) return {};
    const auto expression = AttributeTable<NFTA_EXPR_MAX>::of(attribute.value);
    if (!expression) return std::unexpected(expression.error());
    return machine.run(expression->text(NFTA_EXPR_NAME), (*expression)[NFTA_EXPR_DATA]);
  };
  if (auto done = walk_attributes(std::span<const std::byte>(rule.expressions), on_expression);
      !done) {
    done.error().message =
        "nf_tables rule in " + rule.table.name + " " + rule.chain + ": " + done.error().message;
    return std::unexpected(std::move(done).error());
  }
  return std::move(machine).finish();
}

}  // namespace hostnet
