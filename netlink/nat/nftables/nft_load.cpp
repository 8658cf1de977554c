// The expressions of the machine that load registers and marks.

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <bit>

#include "netlink/nat/nftables/nft_machine.h"
#include "netlink/nat/nftables/nft_registers.h"

namespace hostnet {

// As in the kernel, the rest of the last four bytes becomes zero.
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

Result<> NftMachine::fib(Data data) {
  const auto table = AttributeTable<NFTA_FIB_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const bool type_of_destination = nft_number(*table, NFTA_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE &&
                                   nft_number(*table, NFTA_FIB_FLAGS) == NFTA_FIB_F_DADDR;
  return load(data, NFTA_FIB_DREG,
              type_of_destination ? PacketField::address_type : PacketField::unknown);
}

// Without a connection only the state can be read: a rule that reads anything else ends
// (net/netfilter/nft_ct.c).
Result<> NftMachine::conntrack(Data data) {
  const auto table = AttributeTable<NFTA_CT_MAX>::of(data);
  if (!table) return std::unexpected(table.error());
  const std::uint32_t key = nft_number(*table, NFTA_CT_KEY);
  if (!table->has(NFTA_CT_DREG)) {
    if (key != NFT_CT_MARK) return {};
    return set_mark(nft_number(*table, NFTA_CT_SREG), MarkKind::connection);
  }
  if (key == NFT_CT_STATE) return load(data, NFTA_CT_DREG, PacketField::connection_state);
  std::erase_if(paths_, [](NftPath& path) {
    const auto tracked = intersection(path.scope, {.marks = {kTracked}});
    if (tracked) path.scope = *tracked;
    return !tracked;
  });
  if (key == NFT_CT_MARK) {
    return load_mark(nft_number(*table, NFTA_CT_DREG), MarkKind::connection);
  }
  return load(data, NFTA_CT_DREG,
              key == NFT_CT_STATUS ? PacketField::connection_status : PacketField::unknown);
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

// Loads one field as a whole register into the register that the attribute names. The
// kernel may load fewer bytes: rules load what they compare in rising order, so nothing
// is lost.
Result<> NftMachine::load(Data data, std::size_t register_attribute, PacketField field) {
  const auto table = AttributeTable<16>::of(data);
  if (!table) return std::unexpected(table.error());
  if (!table->has(register_attribute)) return {};  // it writes from a register
  const auto at = nft_slot(nft_number(*table, register_attribute), 4);
  if (!at) return std::unexpected(at.error());
  const bool one_byte = field == PacketField::protocol || field == PacketField::family;
  const bool four_bytes =
      field == PacketField::address_type || field == PacketField::random ||
      field == PacketField::arrives_index || field == PacketField::leaves_index ||
      field == PacketField::connection_status || field == PacketField::connection_state;
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

// Converts between host and network byte order (net/netfilter/nft_byteorder.c): reverses the bytes
// of each whole number; bytes after the last one stay.
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
  const auto mask = nft_value(*table, NFTA_BITWISE_MASK);
  const auto flip = nft_value(*table, NFTA_BITWISE_XOR);
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

}  // namespace hostnet
