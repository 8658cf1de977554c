#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "netlink/base/error.h"
#include "netlink/nat/nftables/nft_messages.h"
#include "netlink/nat/packets/symbolic.h"
#include "netlink/nfnetlink_attributes.h"

namespace hostnet {

// Where a register (enum nft_registers) begins in SymbolicRegisters, which must
// hold `length` bytes from there.
Result<std::size_t> nft_slot(std::uint32_t number, std::size_t length);

// A value or mask for registers: NFTA_…_DATA and similar contain an NFTA_DATA_VALUE.
template <std::size_t Maximum>
Result<std::span<const std::byte>> nft_value(const AttributeTable<Maximum>& table,
                                             std::size_t type) {
  const auto data = nft_nested<NFTA_DATA_MAX>(table, type);
  if (!data) return std::unexpected(data.error());
  return (*data)[NFTA_DATA_VALUE];
}

// The meaning of one byte of a packet of `scope`, by base (enum nft_payload_bases) and offset.
// Chains of type nat see only the first packet of a connection, for TCP a SYN.
SymbolicByte payload_byte(std::uint32_t base, std::uint64_t offset, const PacketScope& scope);

// The action of a verdict; unset: the rule continues, or it does not match (NFT_BREAK).
std::optional<PacketAction> action_of(const NftVerdict& verdict);

}  // namespace hostnet
