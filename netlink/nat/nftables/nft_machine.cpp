#include "netlink/nat/nftables/nft_machine.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "netlink/nat/nftables/nft_registers.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {
namespace {

// They change or count something, and every packet goes on.
constexpr std::array<std::string_view, 9> kNeutral = {
    "counter", "log", "last", "objref", "dynset", "dup", "fwd", "nftrace", "flow_offload"};
constexpr std::array<std::string_view, 4> kNarrowing = {"limit", "quota", "connlimit", "osf"};
constexpr std::array<std::string_view, 4> kEnding = {"queue", "masq", "synproxy", "snat"};

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::optional<AddressFamily> family_of_table(std::uint8_t family) {
  if (family == NFPROTO_IPV4) return AddressFamily::ipv4;
  if (family == NFPROTO_IPV6) return AddressFamily::ipv6;
  return std::nullopt;
}

// Value and mask data: NFTA_…_DATA and such hold an NFTA_DATA_VALUE.
template <std::size_t Maximum>
Result<std::span<const std::byte>> data_value(const AttributeTable<Maximum>& table,
                                              std::size_t type) {
  const auto data = nft_nested<NFTA_DATA_MAX>(table, type);
  if (!data) return std::unexpected(data.error());
  return (*data)[NFTA_DATA_VALUE];
}

}  // namespace

NftMachine::NftMachine(const NftRule& rule, const NftSetLookup& sets, const IpSetLookup& ip_sets,
                       UnknownParts& unknown)
    : sets_(sets),
      ip_sets_(ip_sets),
      unknown_(unknown),
      family_(family_of_table(rule.table.family)) {
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
  if (name == "exthdr") {  // and packets without that header do not match
    narrow_all();
    return load(data, NFTA_EXTHDR_DREG, PacketField::unknown);
  }
  if (is_one_of(kNeutral, name)) return {};
  if (name == "tproxy") return tproxy(data);
  if (name == "notrack") {
    emit_all({.kind = PacketAction::Kind::notrack});
    return {};
  }
  if (name == "reject") {
    end_all({.kind = PacketAction::Kind::reject});
    return {};
  }
  if (is_one_of(kEnding, name)) {
    end_all({.kind = PacketAction::Kind::accept});
    return {};
  }
  if (is_one_of(kNarrowing, name)) {
    narrow_all();
  } else {
    narrow_all_by_unknown(std::string(name));
  }
  return {};
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

// As the kernel does it, the rest of the last four bytes becomes zero.
void NftMachine::put_constant(SymbolicRegisters& registers, std::size_t at, Data value) const {
  for (const std::byte byte : value) registers[at++] = SymbolicByte::constant(byte);
  for (; at % 4 != 0; ++at) registers[at] = SymbolicByte::constant({});
}

Result<> NftMachine::payload(Data data) {
  const auto table = AttributeTable<NFTA_PAYLOAD_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  if (!table->has(NFTA_PAYLOAD_DREG)) return {};  // it writes to the packet
  const std::uint32_t base = nft_number(*table, NFTA_PAYLOAD_BASE);
  const std::uint32_t offset = nft_number(*table, NFTA_PAYLOAD_OFFSET);
  const std::uint32_t length = nft_number(*table, NFTA_PAYLOAD_LEN);
  const auto at = nft_slot(nft_number(*table, NFTA_PAYLOAD_DREG), length);
  if (!at) return std::unexpected(at.error());
  for (NftPath& path : paths_) {
    std::size_t to = *at;
    for (std::uint32_t byte = 0; byte < length; ++byte) {
      path.registers[to++] = payload_byte(base, std::uint64_t{offset} + byte, path.scope);
    }
    for (; to % 4 != 0; ++to) path.registers[to] = SymbolicByte::constant({});
  }
  return {};
}

Result<> NftMachine::meta(Data data) {
  const auto table = AttributeTable<NFTA_META_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::uint32_t key = nft_number(*table, NFTA_META_KEY);
  if (!table->has(NFTA_META_DREG)) {
    if (key != NFT_META_MARK) return {};
    return set_mark(nft_number(*table, NFTA_META_SREG), MarkKind::packet);
  }
  switch (key) {
    case NFT_META_L4PROTO: return load(data, NFTA_META_DREG, PacketField::protocol);
    case NFT_META_NFPROTO: return load(data, NFTA_META_DREG, PacketField::family);
    case NFT_META_PRANDOM: return load(data, NFTA_META_DREG, PacketField::random);
    case NFT_META_IIFNAME: return load(data, NFTA_META_DREG, PacketField::arrives_on);
    case NFT_META_OIFNAME: return load(data, NFTA_META_DREG, PacketField::leaves_on);
    case NFT_META_IIF: return load(data, NFTA_META_DREG, PacketField::arrives_index);
    case NFT_META_OIF: return load(data, NFTA_META_DREG, PacketField::leaves_index);
    case NFT_META_MARK: return load_mark(nft_number(*table, NFTA_META_DREG), MarkKind::packet);
    default: return load(data, NFTA_META_DREG, PacketField::unknown);
  }
}

Result<> NftMachine::load_mark(std::uint32_t number, MarkKind kind) {
  const auto at = nft_slot(number, sizeof(std::uint32_t));
  if (!at) return std::unexpected(at.error());
  for (NftPath& path : paths_) {
    std::ranges::copy(path.marks.at(static_cast<std::size_t>(kind)),
                      path.registers.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  return {};
}

Result<> NftMachine::set_mark(std::uint32_t number, MarkKind kind) {
  const auto at = nft_slot(number, sizeof(std::uint32_t));
  if (!at) return std::unexpected(at.error());
  for (NftPath& path : paths_) {
    const auto bytes = std::span(path.registers).subspan(*at, sizeof(std::uint32_t));
    PacketAction action{.kind = PacketAction::Kind::set_mark};
    const auto change = mark_change(kind, bytes);
    action.mark = change.value_or(MarkChange{.kind = kind});
    emit(path, action);
    if (!change) out_.alternatives.back().scope.doubt(Certainty::conditional);
    std::ranges::copy(bytes, path.marks.at(static_cast<std::size_t>(kind)).begin());
  }
  return {};
}

// Chains of type nat see the first packet of a connection only.
Result<> NftMachine::conntrack(Data data) {
  const auto table = AttributeTable<NFTA_CT_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::uint32_t key = nft_number(*table, NFTA_CT_KEY);
  if (key == NFT_CT_MARK) {
    return table->has(NFTA_CT_DREG)
               ? load_mark(nft_number(*table, NFTA_CT_DREG), MarkKind::connection)
               : set_mark(nft_number(*table, NFTA_CT_SREG), MarkKind::connection);
  }
  if (key == NFT_CT_STATUS && table->has(NFTA_CT_DREG)) {
    return load(data, NFTA_CT_DREG, PacketField::connection_status);
  }
  if (!table->has(NFTA_CT_DREG) || key != NFT_CT_STATE) {
    return load(data, NFTA_CT_DREG, PacketField::unknown);
  }
  const std::uint32_t state = NF_CT_STATE_BIT(IP_CT_NEW);
  const auto at = nft_slot(nft_number(*table, NFTA_CT_DREG), sizeof state);
  if (!at) return std::unexpected(at.error());
  for (NftPath& path : paths_) {
    put_constant(path.registers, *at, std::as_bytes(std::span(&state, 1)));
  }
  return {};
}

Result<> NftMachine::fib(Data data) {
  const auto table = AttributeTable<NFTA_FIB_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const bool type_of_destination = nft_number(*table, NFTA_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE &&
                                   nft_number(*table, NFTA_FIB_FLAGS) == NFTA_FIB_F_DADDR;
  return load(data, NFTA_FIB_DREG,
              type_of_destination ? PacketField::address_type : PacketField::unknown);
}

// One field of a whole register into the register that the attribute names. It
// may be shorter than that in the kernel: rules load what they compare in
// rising order, so nothing is lost.
Result<> NftMachine::load(Data data, std::size_t register_attribute, PacketField field) {
  const auto table = AttributeTable<16>::of(data);
  if (!table) return std::unexpected(table.error());
  if (!table->has(register_attribute)) return {};  // it writes what is in a register
  const auto at = nft_slot(nft_number(*table, register_attribute), 4);
  if (!at) return std::unexpected(at.error());
  const bool one_byte = field == PacketField::protocol || field == PacketField::family;
  const bool four_bytes = field == PacketField::address_type || field == PacketField::random ||
                          field == PacketField::arrives_index ||
                          field == PacketField::leaves_index ||
                          field == PacketField::connection_status;
  const std::size_t length = one_byte || four_bytes ? 4 : 16;
  for (NftPath& path : paths_) {
    const std::size_t end = std::min(*at + length, path.registers.size());
    for (std::size_t to = *at; to < end; ++to) {
      path.registers[to] = SymbolicByte::of(field, to - *at);
      if (one_byte && to > *at) path.registers[to] = SymbolicByte::constant({});
    }
  }
  return {};
}

// Between the host's order and the network's (net/netfilter/nft_byteorder.c): the bytes of each
// whole number change places, those behind the last one stay.
Result<> NftMachine::byteorder(Data data) {
  const auto table = AttributeTable<NFTA_BYTEORDER_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::uint32_t size = nft_number(*table, NFTA_BYTEORDER_SIZE);
  const std::uint32_t length = nft_number(*table, NFTA_BYTEORDER_LEN);
  const auto from = nft_slot(nft_number(*table, NFTA_BYTEORDER_SREG), length);
  const auto into = nft_slot(nft_number(*table, NFTA_BYTEORDER_DREG), length);
  if (!from) return std::unexpected(from.error());
  if (!into) return std::unexpected(into.error());
  if (size == 0) return failure(Reason::malformed, "nf_tables: numbers of no bytes");
  for (NftPath& path : paths_) {
    const SymbolicRegisters before = path.registers;
    for (std::uint32_t at = 0; at < length / size * size; ++at) {
      const std::uint32_t other = at / size * size + (size - 1 - at % size);
      const bool swaps = std::endian::native == std::endian::little;
      path.registers[*into + at] = before[*from + (swaps ? other : at)];
    }
  }
  return {};
}

Result<> NftMachine::bitwise(Data data) {
  constexpr std::size_t kSecondSource = 8;  // NFTA_BITWISE_SREG2, newer than our header
  const auto table = AttributeTable<kSecondSource>::of(data);
  if (!table) return std::unexpected(table.error());
  const auto mask = data_value(*table, NFTA_BITWISE_MASK);
  const auto flip = data_value(*table, NFTA_BITWISE_XOR);
  if (!mask) return std::unexpected(mask.error());
  if (!flip) return std::unexpected(flip.error());
  const std::uint32_t length = nft_number(*table, NFTA_BITWISE_LEN);
  const auto from = nft_slot(nft_number(*table, NFTA_BITWISE_SREG), length);
  const auto into = nft_slot(nft_number(*table, NFTA_BITWISE_DREG), length);
  if (!from) return std::unexpected(from.error());
  if (!into) return std::unexpected(into.error());
  const bool modelled = nft_number(*table, NFTA_BITWISE_OP) == NFT_BITWISE_BOOL &&
                        !table->has(kSecondSource) && mask->size() == length &&
                        flip->size() == length;
  for (NftPath& path : paths_) {
    for (std::size_t at = 0; at < length; ++at) {
      SymbolicByte byte = path.registers[*from + at];
      if (!modelled) {
        byte = {};
      } else {
        const auto with = std::to_integer<std::uint8_t>((*mask)[at]);
        byte.mask &= with;
        byte.flip &= with;
        byte.flip ^= std::to_integer<std::uint8_t>((*flip)[at]);
      }
      path.registers[*into + at] = byte;
    }
  }
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
