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

// The latest reading of one of the kernel's packet filters.
struct FilterReading {
  PortFilters::Tables tables = std::make_shared<std::vector<PacketTable>>();
  PortFilters::Tables filters = tables;  // tables that only filter
  UnknownParts unknown, unknown_filters, malformed;
  std::optional<Error> error;
  bool unsteady{};  // it kept changing while it was read
  bool operator==(const FilterReading& other) const;
};

struct IpvsReading {
  IpvsTable table;
  std::optional<Error> error;
  bool kube_proxy{};  // kube-proxy manages it: its device exists
  bool operator==(const IpvsReading&) const = default;
};

// The NAT state read from a node, the data to detect changes, and the results derived from it.
struct NatReading {
  FilterReading nf_tables, ip_tables;
  IpvsReading ipvs;
  std::optional<std::uint32_t> generation;          // of nf_tables; unset: read them again
  bool names_ip_sets{};                             // its rules use ipsets, which may change
  std::map<std::uint32_t, std::string> interfaces;  // that its rules use by number: their names
  std::optional<std::size_t> ip_tables_print;  // ip_tables_fingerprint(); unset: decode them again
  std::vector<IpAddress> local_addresses;      // sorted
  bool has_forwarder{};                        // stays true once seen
  std::shared_ptr<const NatRules> rules;       // null: not evaluated yet
  std::shared_ptr<const PortFilters> filters;
  std::vector<Problem> problems, limits;
};

// The latest reading of a node by any of its scanners: every scan starts from it and asks the
// kernel whether it is still valid.
using NatMemory = Latest<NatReading>;

}  // namespace hostnet
