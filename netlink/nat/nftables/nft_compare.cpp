// The expressions of the machine that compare registers, look them up and use
// them as addresses.

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <utility>

#include "netlink/nat/nftables/nft_machine.h"
#include "netlink/nat/nftables/nft_registers.h"
#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

using Bytes = std::span<const std::byte>;

// The result of an ordered comparison, as an inclusive interval of numbers of that size.
struct Interval {
  NftBytes low, high;
};
std::optional<Interval> interval_of(std::uint32_t operation, Bytes value) {
  const NftBytes least(value.size(), std::byte{0});
  const NftBytes most(value.size(), std::byte{0xFF});
  const NftBytes itself(value.begin(), value.end());
  std::optional<NftBytes> bound;
  switch (operation) {
    case NFT_CMP_LTE: return Interval{least, itself};
    case NFT_CMP_GTE: return Interval{itself, most};
    case NFT_CMP_LT:
      bound = number_before(value);
      if (bound) return Interval{least, *bound};
      break;
    case NFT_CMP_GT:
      bound = number_after(value);
      if (bound) return Interval{*bound, most};
      break;
    default: break;
  }
  return std::nullopt;
}

std::span<const SymbolicByte> view(const SymbolicRegisters& registers, std::size_t at,
                                   std::size_t length) {
  return std::span(registers).subspan(at, length);
}

bool is_modelled(std::span<const SymbolicByte> bytes) {
  return std::ranges::any_of(
      bytes, [](const SymbolicByte& byte) { return byte.field > PacketField::random; });
}

// A comparison keeps a share of the packets, a map keeps all of them.
void narrow_to_share(PacketScope& scope, std::span<const SymbolicByte> bytes) {
  const bool by_chance = std::ranges::any_of(
      bytes, [](const SymbolicByte& byte) { return byte.field == PacketField::random; });
  if (by_chance) scope.doubt(Certainty::conditional);
}

bool is_unknown(std::span<const SymbolicByte> bytes) {
  return std::ranges::any_of(
      bytes, [](const SymbolicByte& byte) { return byte.field == PacketField::unknown; });
}

constexpr std::size_t kMostLeftOut = 256;  // elements of a set that a rule excludes

// The packets whose `key` is not in the set.
std::vector<PacketScope> packets_absent(const NftSet& set, const PacketScope& scope,
                                        std::span<const SymbolicByte> key) {
  std::vector<PacketScope> rest{scope};
  if (set.elements.size() > kMostLeftOut) {
    rest.front().doubt(Certainty::conditional);
    return rest;
  }
  for (const NftElement& element : set.elements) {
    const NftBytes& high = element.key_end.empty() ? element.key : element.key_end;
    if (element.catch_all || element.key.size() != key.size() || high.size() != key.size()) {
      continue;
    }
    std::vector<PacketScope> next;
    for (const PacketScope& one : rest) {
      std::ranges::move(packets_outside(one, key, element.key, high), std::back_inserter(next));
    }
    rest = std::move(next);
  }
  return rest;
}

}  // namespace

Result<> NftMachine::compare(Data data) {
  const auto table = AttributeTable<NFTA_CMP_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const auto value = nft_value(*table, NFTA_CMP_DATA);
  if (!value) return std::unexpected(value.error());
  const auto at = nft_slot(nft_number(*table, NFTA_CMP_SREG), value->size());
  if (!at) return std::unexpected(at.error());
  const std::uint32_t operation = nft_number(*table, NFTA_CMP_OP);
  std::vector<NftPath> next;
  const auto add = [&](const NftPath& path, const PacketScope& scope) {
    next.push_back(path);
    next.back().scope = scope;
    narrow_to_share(next.back().scope, view(path.registers, *at, value->size()));
  };
  if (operation == NFT_CMP_EQ) {  // the usual case: no copies
    std::erase_if(paths_, [&](NftPath& path) {
      const auto bytes = view(path.registers, *at, value->size());
      const auto scope = packets_between(path.scope, bytes, *value, *value);
      if (scope) path.scope = *scope;
      narrow_to_share(path.scope, bytes);
      return !scope;
    });
    return {};
  }
  for (const NftPath& path : paths_) {
    const auto bytes = view(path.registers, *at, value->size());
    if (operation == NFT_CMP_NEQ) {
      for (const auto& scope : packets_outside(path.scope, bytes, *value, *value)) add(path, scope);
    } else if (const auto interval = interval_of(operation, *value)) {
      const auto scope = packets_between(path.scope, bytes, interval->low, interval->high);
      if (scope) add(path, *scope);
    }
  }
  replace_paths(std::move(next));
  return {};
}

Result<> NftMachine::range(Data data) {
  const auto table = AttributeTable<NFTA_RANGE_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const auto low = nft_value(*table, NFTA_RANGE_FROM_DATA);
  const auto high = nft_value(*table, NFTA_RANGE_TO_DATA);
  if (!low) return std::unexpected(low.error());
  if (!high) return std::unexpected(high.error());
  if (low->size() != high->size()) {
    return failure(Reason::malformed, "nf_tables range from " + std::to_string(low->size()) +
                                          " to " + std::to_string(high->size()) + " bytes");
  }
  const auto at = nft_slot(nft_number(*table, NFTA_RANGE_SREG), low->size());
  if (!at) return std::unexpected(at.error());
  const bool outside = nft_number(*table, NFTA_RANGE_OP) == NFT_RANGE_NEQ;
  std::vector<NftPath> next;
  for (const NftPath& path : paths_) {
    const auto bytes = view(path.registers, *at, low->size());
    std::vector<PacketScope> scopes;
    if (outside) {
      scopes = packets_outside(path.scope, bytes, *low, *high);
    } else if (const auto scope = packets_between(path.scope, bytes, *low, *high)) {
      scopes.push_back(*scope);
    }
    for (const PacketScope& scope : scopes) {
      next.push_back(path);
      next.back().scope = scope;
      narrow_to_share(next.back().scope, bytes);
    }
  }
  replace_paths(std::move(next));
  return {};
}

Result<> NftMachine::lookup(Data data) {
  const auto table = AttributeTable<NFTA_LOOKUP_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::string name = table->text(NFTA_LOOKUP_SET);
  const auto at = nft_slot(nft_number(*table, NFTA_LOOKUP_SREG), 1);
  if (!at) return std::unexpected(at.error());
  const bool gives = table->has(NFTA_LOOKUP_DREG);
  // The rule only checks whether an unknown value is in the set: no need to read the set.
  const bool decides = gives || is_modelled(view(paths_.front().registers, *at, 4)) ||
                       !is_unknown(view(paths_.front().registers, *at, 4));
  if (!decides) {
    narrow_all();
    return {};
  }
  const Result<const NftSet*> set = sets_(name);
  if (!set) return std::unexpected(set.error());
  if (*set == nullptr) {
    narrow_all_by_unknown("set " + name);
    return {};
  }
  const auto fits = nft_slot(nft_number(*table, NFTA_LOOKUP_SREG), (*set)->key_length);
  if (!fits) return std::unexpected(fits.error());
  if ((nft_number(*table, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0) {
    return recall_absence(**set, *at);
  }
  const std::uint32_t into = nft_number(*table, NFTA_LOOKUP_DREG);
  return find_in(**set, *at, gives ? &into : nullptr);
}

Result<> NftMachine::find_in(const NftSet& set, std::size_t from, const std::uint32_t* into) {
  std::vector<NftPath> next;
  for (const NftPath& path : paths_) {
    const auto key = view(path.registers, from, set.key_length);
    for (const NftElement& element : set.elements) {
      if (next.size() > kMostAlternatives) break;
      std::vector<PacketScope> scopes;
      if (element.catch_all) {
        scopes = packets_absent(set, path.scope, key);
      } else {
        const NftBytes& high = element.key_end.empty() ? element.key : element.key_end;
        if (element.key.size() != key.size() || high.size() != key.size()) {
          return failure(Reason::malformed, "nf_tables set " + set.name + ": a key of " +
                                                std::to_string(element.key.size()) +
                                                " bytes, not " + std::to_string(key.size()));
        }
        if (const auto scope = packets_between(path.scope, key, element.key, high)) {
          scopes.push_back(*scope);
        }
      }
      for (const PacketScope& scope : scopes) {
        if (auto done = found_in(element, path, scope, into, next); !done) return done;
      }
    }
  }
  replace_paths(std::move(next));
  return {};
}

Result<> NftMachine::found_in(const NftElement& element, const NftPath& path,
                              const PacketScope& scope, const std::uint32_t* into,
                              std::vector<NftPath>& next) {
  NftPath found = path;
  found.scope = scope;
  if (!element.comment.empty()) found.comment = element.comment;
  if (into != nullptr && *into == NFT_REG_VERDICT) {
    const auto action = element.verdict ? action_of(*element.verdict) : std::nullopt;
    if (action && out_.alternatives.size() <= kMostAlternatives) emit(found, *action);
    return {};  // a packet that continues needs its own path only if its scope is narrower
  }
  if (into != nullptr) {
    const auto slot = nft_slot(*into, element.data.size());
    if (!slot) return std::unexpected(slot.error());
    put_constant(found.registers, *slot, element.data);
  }
  next.push_back(std::move(found));
  return {};
}

Result<> NftMachine::recall_absence(const NftSet& set, std::size_t from) {
  std::vector<NftPath> next;
  for (const NftPath& path : paths_) {
    for (const PacketScope& scope :
         packets_absent(set, path.scope, view(path.registers, from, set.key_length))) {
      next.push_back(path);
      next.back().scope = scope;
    }
  }
  replace_paths(std::move(next));
  return {};
}

std::optional<NatTarget> NftMachine::target_of(
    const NftPath& path, std::optional<AddressFamily> family,
    const std::array<std::uint32_t, 4>& registers) const {
  const auto constant = [&](std::uint32_t number,
                            std::size_t length) -> std::optional<std::vector<std::byte>> {
    const auto at = nft_slot(number, length);
    if (!at) return std::nullopt;
    return constant_value(view(path.registers, *at, length));
  };
  const auto [first, last, port, last_port] = registers;
  NatTarget target;
  if (first != 0) {
    if (!family) return std::nullopt;
    const std::size_t length = *family == AddressFamily::ipv4 ? 4 : 16;
    const auto low = constant(first, length);
    const auto high = constant(last != 0 ? last : first, length);
    if (!low || !high) return std::nullopt;
    target.address = ip_of(*family, *low);
    if (*low != *high) target.last_address = ip_of(*family, *high);
  }
  const auto port_in = [&](std::uint32_t number) -> std::optional<std::uint16_t> {
    const auto bytes = constant(number, 2);
    if (!bytes) return std::nullopt;
    return static_cast<std::uint16_t>(std::to_integer<unsigned>((*bytes)[0]) << 8U |
                                      std::to_integer<unsigned>((*bytes)[1]));
  };
  if (port != 0) {
    const auto low = port_in(port);
    const auto high = port_in(last_port != 0 ? last_port : port);
    if (!low || !high) return std::nullopt;
    target.port = *low;
    target.last_port = *high;
  }
  return target;
}

Result<> NftMachine::translate(Data data) {
  const auto table = AttributeTable<NFTA_NAT_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  if (nft_number(*table, NFTA_NAT_TYPE) != NFT_NAT_DNAT) {
    end_all({.kind = PacketAction::Kind::accept});
    return {};
  }
  const auto given = ip_family(nft_number(*table, NFTA_NAT_FAMILY));
  const auto family = given ? given : family_;
  for (NftPath& path : paths_) {
    const auto scope = intersection(path.scope, {.family = family});
    if (!scope) continue;
    const auto target = target_of(
        path, family,
        {nft_number(*table, NFTA_NAT_REG_ADDR_MIN), nft_number(*table, NFTA_NAT_REG_ADDR_MAX),
         nft_number(*table, NFTA_NAT_REG_PROTO_MIN), nft_number(*table, NFTA_NAT_REG_PROTO_MAX)});
    path.scope = *scope;
    emit(path, {PacketAction::Kind::dnat, {}, target, {}});
  }
  paths_.clear();
  return {};
}

Result<> NftMachine::tproxy(Data data) {
  const auto table = AttributeTable<NFTA_TPROXY_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const auto given = ip_family(nft_number(*table, NFTA_TPROXY_FAMILY));
  const auto family = given ? given : family_;
  for (NftPath path : paths_) {
    const auto scope = intersection(path.scope, {.family = family});
    if (!scope) continue;
    path.scope = *scope;
    const auto target = target_of(
        path, family,
        {nft_number(*table, NFTA_TPROXY_REG_ADDR), 0, nft_number(*table, NFTA_TPROXY_REG_PORT), 0});
    emit(path, {PacketAction::Kind::tproxy, {}, target, {}});
  }
  return {};
}

Result<> NftMachine::redirect(Data data) {
  const auto table = AttributeTable<NFTA_REDIR_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  for (NftPath& path : paths_) {
    const auto target = target_of(path, family_,
                                  {0, 0, nft_number(*table, NFTA_REDIR_REG_PROTO_MIN),
                                   nft_number(*table, NFTA_REDIR_REG_PROTO_MAX)});
    emit(path, {PacketAction::Kind::redirect, {}, target, {}});
  }
  paths_.clear();
  return {};
}

}  // namespace hostnet
