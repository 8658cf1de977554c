#pragma once

// Registers of the nf_tables machine that hold not numbers but fields of the packet:
// its destination port, its protocol, or something not modelled.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"
#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

enum class PacketField : std::uint8_t {
  constant,       // SymbolicByte::flip is the value
  unknown,        // depends on something not modelled
  random,         // a random number or a hash
  protocol,       // 1 byte: IPPROTO_*
  family,         // 1 byte: NFPROTO_*
  port,           // 2 bytes: destination port
  destination4,   // 4 bytes
  destination6,   // 16 bytes
  address_type,   // 4 bytes, host order: RTN_* of the destination
  arrives_on,     // 16 bytes: name of the interface, then zeros
  leaves_on,      // … on which it leaves
  arrives_index,  // 4 bytes, host order: the interface's number
  leaves_index,
  mark,  // 4 bytes, host order
  connection_mark,
  connection_status,
  connection_state,
};

// ((the field's byte `index`) & mask) ^ flip
struct SymbolicByte {
  PacketField field{PacketField::unknown};
  std::uint8_t index{};
  std::uint8_t mask{0xFF};
  std::uint8_t flip{};

  static SymbolicByte constant(std::byte value) {
    return {PacketField::constant, 0, 0, std::to_integer<std::uint8_t>(value)};
  }
  static SymbolicByte of(PacketField field, std::size_t index = 0) {
    return {field, static_cast<std::uint8_t>(index), 0xFF, 0};
  }
};

// All of the machine's registers: 16 of 4 bytes, which are also 4 of 16.
using SymbolicRegisters = std::array<SymbolicByte, 64>;

using SymbolicMark = std::array<SymbolicByte, 4>;  // in host order
SymbolicMark symbolic_mark(MarkKind kind);
// The effect of setting a mark to `bytes`; unset when it depends on something not modelled.
std::optional<MarkChange> mark_change(MarkKind kind, std::span<const SymbolicByte> bytes);

// The packets of `scope` whose `bytes` are between `low` and `high`, field by
// field, inclusive; unset when there are none. All three have the same length. Packets
// only to other machines count as none.
std::optional<PacketScope> packets_between(const PacketScope& scope,
                                           std::span<const SymbolicByte> bytes,
                                           std::span<const std::byte> low,
                                           std::span<const std::byte> high);

// The packets of `scope` whose `bytes` are not between: disjoint scopes.
std::vector<PacketScope> packets_outside(const PacketScope& scope,
                                         std::span<const SymbolicByte> bytes,
                                         std::span<const std::byte> low,
                                         std::span<const std::byte> high);

// The values of the bytes, if all of them are constant.
std::optional<std::vector<std::byte>> constant_value(std::span<const SymbolicByte> bytes);

// The preceding or following number, big-endian; unset where there is none.
std::optional<std::vector<std::byte>> number_before(std::span<const std::byte> number);
std::optional<std::vector<std::byte>> number_after(std::span<const std::byte> number);

}  // namespace hostnet
