#pragma once

// The older of the kernel's two packet filters, read by getsockopt(2)
// (include/uapi/linux/netfilter_ipv4/ip_tables.h). Requesting a missing table creates
// it, with hooks that cost every packet: read the names of existing tables
// first.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/facts.h"

namespace hostnet {

// One table's bytes: struct ipt_getinfo's hooks, and the raw entries.
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
  // An existing table of the family: "nat", "mangle", "raw". Needs CAP_NET_ADMIN (Reason::denied).
  virtual Result<IpTableBytes> table(AddressFamily family, const std::string& name) const = 0;
};
std::shared_ptr<const IpTables> live_ip_tables();
// Answers every request with Reason::unsupported.
std::shared_ptr<const IpTables> no_ip_tables();

}  // namespace hostnet
