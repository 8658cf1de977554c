#include "netlink/nat/nftables/nft_registers.h"

#include <linux/netfilter/nf_tables.h>

#include "netlink/nat/packets/netfilter.h"

namespace hostnet {

Result<std::size_t> nft_slot(std::uint32_t number, std::size_t length) {
  constexpr std::size_t kBytes = std::tuple_size_v<SymbolicRegisters>;
  std::size_t at = kBytes;
  if (number >= NFT_REG_1 && number <= NFT_REG_4) {
    at = std::size_t{number - NFT_REG_1} * NFT_REG_SIZE;
  }
  if (number >= NFT_REG32_00 && number <= NFT_REG32_15) {
    at = std::size_t{number - NFT_REG32_00} * NFT_REG32_SIZE;
  }
  if (at >= kBytes || length > kBytes - at) {
    return failure(Reason::malformed, std::to_string(length) + " bytes in nf_tables register " +
                                          std::to_string(number));
  }
  return at;
}

SymbolicByte payload_byte(std::uint32_t base, std::uint64_t offset, const PacketScope& scope) {
  constexpr unsigned kProtocol4 = 9, kDestination4 = 16;  // RFC 791
  constexpr unsigned kProtocol6 = 6, kDestination6 = 24;  // RFC 8200
  constexpr unsigned kPort = 2;                           // TCP, UDP, SCTP alike
  constexpr unsigned kTcpFlags = 13;                      // RFC 9293
  constexpr std::byte kSyn{2};
  const auto family = scope.family;
  if (base == NFT_PAYLOAD_TRANSPORT_HEADER) {
    if (offset == kPort || offset == kPort + 1) {
      return SymbolicByte::of(PacketField::port, offset - kPort);
    }
    if (offset == kTcpFlags && scope.ip_protocol == IPPROTO_TCP)
      return SymbolicByte::constant(kSyn);
    return {};
  }
  if (base != NFT_PAYLOAD_NETWORK_HEADER) return {};
  if (family != AddressFamily::ipv6) {
    if (family && offset == kProtocol4) return SymbolicByte::of(PacketField::protocol);
    if (offset >= kDestination4 && offset < kDestination4 + 4) {
      return SymbolicByte::of(PacketField::destination4, offset - kDestination4);
    }
  }
  if (family != AddressFamily::ipv4) {
    if (family && offset == kProtocol6) return SymbolicByte::of(PacketField::protocol);
    if (offset >= kDestination6 && offset < kDestination6 + 16) {
      return SymbolicByte::of(PacketField::destination6, offset - kDestination6);
    }
  }
  return {};
}

std::optional<PacketAction> action_of(const NftVerdict& verdict) {
  using Kind = PacketAction::Kind;
  switch (verdict.code) {
    case NFT_CONTINUE:
    case NFT_BREAK: return std::nullopt;
    case NFT_JUMP: return PacketAction{.kind = Kind::jump, .chain = verdict.chain};
    case NFT_GOTO: return PacketAction{.kind = Kind::go_to, .chain = verdict.chain};
    case NFT_RETURN: return PacketAction{.kind = Kind::leave};
    case NF_DROP: return PacketAction{.kind = Kind::drop};
    default: return PacketAction{.kind = Kind::accept};
  }
}

}  // namespace hostnet
