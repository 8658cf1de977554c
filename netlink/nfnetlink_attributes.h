#pragma once

// Reads nf_tables attributes: integers are in network byte order.

#include <linux/netfilter/nfnetlink.h>

#include <bit>
#include <cstdint>

#include "netlink/attributes.h"

namespace hostnet {

inline std::uint32_t from_network(std::uint32_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

// The number in an attribute; `otherwise` if absent. An attribute that is too short
// is read as if zeros followed.
template <std::size_t Maximum>
std::uint32_t nft_number(const AttributeTable<Maximum>& table, std::size_t type,
                         std::uint32_t otherwise = 0) {
  return table.has(type) ? from_network(table.template get_or<std::uint32_t>(type, 0)) : otherwise;
}

// The attributes inside an attribute.
template <std::size_t Maximum, std::size_t Outer>
Result<AttributeTable<Maximum>> nft_nested(const AttributeTable<Outer>& table, std::size_t type) {
  return AttributeTable<Maximum>::of(table[type]);
}

// The bytes of a netfilter message after struct nfgenmsg.
inline Result<std::span<const std::byte>> after_nfgenmsg(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(nfgenmsg)) {
    return failure(Reason::malformed, "netfilter message of " + std::to_string(payload.size()) +
                                          " bytes, too short for its header");
  }
  return after(payload, sizeof(nfgenmsg));
}

}  // namespace hostnet
