#pragma once

// The older of the kernel's two packet filters, read by getsockopt(2)
// (include/uapi/linux/netfilter_ipv4/ip_tables.h). Asking for a table makes it
// when there is none, with hooks that cost every packet: the names of those that
// there are must be looked at first.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/error.h"
#include "netlink/nat/packet_rules.h"
#include "netlink/nat/read_ip_sets.h"
#include "netlink/node/files.h"

namespace hostnet {

// One table's bytes: struct ipt_getinfo's hooks, and the entries as they are.
struct IpTableBytes {
  std::uint32_t valid_hooks{};
  std::array<std::uint32_t, 5> hook_entry{}, underflow{};  // offsets, by NF_INET_*
  std::vector<std::byte> entries;
  bool operator==(const IpTableBytes&) const = default;
};

// The seam. Thread safe.
class IpTables {
 public:
  virtual ~IpTables() = default;
  // The nat table of a family that has one. Needs CAP_NET_ADMIN (Reason::denied).
  virtual Result<IpTableBytes> nat_table(AddressFamily family) const = 0;
};
std::shared_ptr<const IpTables> live_ip_tables();
// Answers every question with Reason::unsupported.
std::shared_ptr<const IpTables> no_ip_tables();

// Whether `names`, the text of /proc/net/ip_tables_names, has "nat".
bool lists_nat_table(std::string_view names);

// Bytes as rules. Offsets and lengths that do not fit are Reason::malformed.
Result<PacketTable> decode_ip_table(AddressFamily family, const IpTableBytes& bytes,
                                    UnknownParts& unknown, const IpSetLookup& sets = {});

// The nat tables that there are. Without CAP_NET_ADMIN, and where the names may
// not be read: Reason::denied.
Result<std::vector<PacketTable>> read_ip_tables(const IpTables& ip_tables, const Files& files,
                                                UnknownParts& unknown,
                                                const IpSetLookup& sets = {});

}  // namespace hostnet
