#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "netlink/nat/nftables/nft_messages.h"
#include "netlink/nat/packets/packet_rules.h"
#include "netlink/netlink.h"

namespace hostnet {

struct PacketTables {
  std::vector<PacketTable> tables;   // that translate, or decide earlier who gets a packet
  std::vector<PacketTable> filters;  // that only filter arriving packets
  UnknownParts unknown;
  UnknownParts unknown_filters;  // in `filters`
  UnknownParts malformed;        // messages and rules that do not decode, left out
  std::uint32_t generation{};    // grows with every change
  bool changed_meanwhile{};      // in every attempt: parts may be of different generations
  bool absent{};                 // this kernel has no nf_tables
  bool names_ip_sets{};          // whose contents change without a new generation
  // Those that rules refer to by number; "" if gone. Their names change without a new generation.
  std::map<std::uint32_t, std::string> interfaces;
};

// The limit of chains, rules and set elements to read, for all tables together: reading them takes
// some 60 MiB.
inline constexpr std::size_t kMostNftParts = 80'000;

// Every nf_tables table that translates destinations or filters arriving packets, native or
// iptables-nft's. A table that only filters is left out if a recording does not contain it.
// Needs CAP_NET_ADMIN (Reason::denied). A kernel without nf_tables has no tables; a
// recording without an answer is Reason::unsupported.
// If the rules change while they are read, they are read again, at most three times in
// all; more than kMostNftParts are Reason::exhausted; what does not decode is left out and
// counted. Sets are read only where a rule looks up a port, protocol or destination in them.
Result<PacketTables> read_nf_tables(Netlink& netlink);

// Only the number of the current generation (NFT_MSG_GETGEN): one short request. Unset:
// this kernel has no nf_tables.
Result<std::optional<std::uint32_t>> nf_tables_generation(Netlink& netlink);

}  // namespace hostnet
