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
  std::vector<PacketTable> tables;   // that translate, or decide before who is
  std::vector<PacketTable> filters;  // that only filter what arrives
  UnknownParts unknown;
  UnknownParts unknown_filters;  // in `filters`
  UnknownParts malformed;        // messages and rules that do not decode, left out
  std::uint32_t generation{};    // grows with every change
  bool changed_meanwhile{};      // in every attempt: parts may be of different generations
  bool absent{};                 // this kernel has no nf_tables
  bool names_ip_sets{};          // whose contents change without a new generation
  // That rules name by their numbers; "" gone. Their names change without a new generation.
  std::map<std::uint32_t, std::string> interfaces;
};

// Chains, rules and elements of sets that are read at most, of all tables: they take some 60 MiB
// while they are read.
inline constexpr std::size_t kMostNftParts = 80'000;

// Every nf_tables table that translates destinations or filters what arrives, native or
// iptables-nft's. One that only filters is left out where a recording does not have it.
// Needs CAP_NET_ADMIN (Reason::denied). A kernel without nf_tables has none; a
// recording that has no answer is Reason::unsupported.
// Where the rules change while they are read they are read again, up to three
// times; more than kMostNftParts are Reason::exhausted; what does not decode is left out and
// counted. Sets are read only where a rule's port, protocol or destination is looked up in them.
Result<PacketTables> read_nf_tables(Netlink& netlink);

// Only which generation is in force (NFT_MSG_GETGEN): one short question. None:
// this kernel has no nf_tables.
Result<std::optional<std::uint32_t>> nf_tables_generation(Netlink& netlink);

}  // namespace hostnet
