#pragma once

// The legacy iptables tables that determine where packets go, from bytes to rules
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

// Whether `names`, the text of /proc/net/ip_tables_names, contains that table.
bool lists_table(std::string_view names, std::string_view table);

// Decodes bytes into rules. Offsets and lengths that do not fit are Reason::malformed.
Result<PacketTable> decode_ip_table(AddressFamily family, const IpTableBytes& bytes,
                                    UnknownParts& unknown, const IpSetLookup& sets = {},
                                    const std::string& name = "nat");

// A table as the kernel returns it.
struct IpTable {
  AddressFamily family{};
  std::string name;
  IpTableBytes bytes;
};

// The existing nat tables, the tables before them (raw and mangle), and the filters. Without
// CAP_NET_ADMIN, and where the names may not be read: Reason::denied.
Result<std::vector<IpTable>> read_ip_tables(const IpTables& ip_tables, const Files& files);

// Changes with the rules; the counters of matched packets are ignored.
std::size_t ip_tables_fingerprint(std::span<const IpTable> tables);

// Decodes all of them; `unknown_filters` receives the parts of filters that are not understood.
Result<std::vector<PacketTable>> decode_ip_tables(std::span<const IpTable> tables,
                                                  UnknownParts& unknown,
                                                  UnknownParts& unknown_filters,
                                                  const IpSetLookup& sets = {});

}  // namespace hostnet
