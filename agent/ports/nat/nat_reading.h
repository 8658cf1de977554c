#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/ports/nat_rules.h"
#include "agent/ports/port_filters.h"
#include "agent/verdicts/problem.h"
#include "netlink/base/latest.h"
#include "netlink/nat/ipvs/ipvs.h"
#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// One of the kernel's packet filters, as it was read last.
struct FilterReading {
  PortFilters::Tables tables = std::make_shared<std::vector<PacketTable>>();
  PortFilters::Tables filters = tables;  // that only filter
  UnknownParts unknown, unknown_filters, malformed;
  std::optional<Error> error;
  bool unsteady{};  // it changed all the time while it was read
  bool operator==(const FilterReading& other) const;
};

struct IpvsReading {
  IpvsTable table;
  std::optional<Error> error;
  bool kube_proxy{};  // keeps it: there is its device
  bool operator==(const IpvsReading&) const = default;
};

// What was read of NAT on a node, what tells whether it is still so, and what was made of it.
struct NatReading {
  FilterReading nf_tables, ip_tables;
  IpvsReading ipvs;
  std::optional<std::uint32_t> generation;  // of nf_tables; unset: read them again
  bool names_ip_sets{};                     // … whose rules name ipsets, which may be others
  std::map<std::uint32_t, std::string> interfaces;  // … or interfaces by number: their names
  std::optional<std::size_t> ip_tables_print;  // ip_tables_fingerprint(); unset: decode them again
  std::vector<IpAddress> local_addresses;      // sorted
  bool has_forwarder{};                        // once seen, known
  std::shared_ptr<const NatRules> rules;       // null: nothing was walked yet
  std::shared_ptr<const PortFilters> filters;
  std::vector<Problem> problems, limits;
};

// The newest reading of a node, by whichever of its scanners: the next scan of any begins with it,
// and asks the kernel whether it still holds.
using NatMemory = Latest<NatReading>;

}  // namespace hostnet
