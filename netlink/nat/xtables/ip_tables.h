#pragma once

// The tables of legacy iptables that say where packets go, from bytes to rules
// (include/uapi/linux/netfilter_ipv4/ip_tables.h).

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/nat/ipset/read_ip_sets.h"
#include "netlink/nat/packets/packet_rules.h"
#include "netlink/node/files.h"
#include "netlink/node/ip_tables_source.h"

namespace hostnet {

// Whether `names`, the text of /proc/net/ip_tables_names, has that table.
bool lists_table(std::string_view names, std::string_view table);

// Bytes as rules. Offsets and lengths that do not fit are Reason::malformed.
Result<PacketTable> decode_ip_table(AddressFamily family, const IpTableBytes& bytes,
                                    UnknownParts& unknown, const IpSetLookup& sets = {},
                                    const std::string& name = "nat");

// A table as the kernel gives it.
struct IpTable {
  AddressFamily family{};
  std::string name;
  IpTableBytes bytes;
};

// The nat tables that there are, what stands before them (raw and mangle), and the filters. Without
// CAP_NET_ADMIN, and where the names may not be read: Reason::denied.
Result<std::vector<IpTable>> read_ip_tables(const IpTables& ip_tables, const Files& files);

// Another number where the rules are others: how often they matched does not count.
std::size_t ip_tables_fingerprint(std::span<const IpTable> tables);

// All of them as rules; `unknown_filters` tells what is not understood of the filters.
Result<std::vector<PacketTable>> decode_ip_tables(std::span<const IpTable> tables,
                                                  UnknownParts& unknown,
                                                  UnknownParts& unknown_filters,
                                                  const IpSetLookup& sets = {});

}  // namespace hostnet
