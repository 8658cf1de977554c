#pragma once

#include <vector>

#include "netlink/nat/nft_messages.h"
#include "netlink/nat/packet_rules.h"
#include "netlink/netlink.h"

namespace hostnet {

struct PacketTables {
  std::vector<PacketTable> tables;  // only those with a nat base chain
  UnknownParts unknown;
  bool changed_meanwhile{};  // in every attempt: parts may be of different generations
};

// Every nf_tables table that translates destinations, native or iptables-nft's.
// Needs CAP_NET_ADMIN (Reason::denied). A kernel without nf_tables has none.
// Where the rules change while they are read they are read again, up to three
// times. Sets are read only where a rule's port, protocol or destination is
// looked up in them.
Result<PacketTables> read_nf_tables(Netlink& netlink);

}  // namespace hostnet
