#include <algorithm>

#include "netlink/nat/xtables/ip_tables.h"

namespace hostnet {

bool lists_table(std::string_view names, std::string_view table) {
  while (!names.empty()) {
    const auto end = std::min(names.find('\n'), names.size());
    if (names.substr(0, end) == table) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

Result<std::vector<IpTable>> read_ip_tables(const IpTables& ip_tables, const Files& files) {
  std::vector<IpTable> out;
  // Pid 1's files, whose namespace is the host's; a fixture may only have the other ones.
  const std::string net = files.exists("proc/1/net") ? "proc/1/net/" : "proc/net/";
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    const bool ipv4 = family == AddressFamily::ipv4;
    const auto names = files.read(net + (ipv4 ? "ip_tables_names" : "ip6_tables_names"));
    if (!names && names.error().reason == Reason::vanished) continue;  // the module is not loaded
    if (!names) return std::unexpected(names.error());
    for (const std::string name : {"raw", "mangle", "nat", "filter"}) {
      if (!lists_table(*names, name)) continue;
      auto bytes = ip_tables.table(family, name);
      // Recordings used to have only the nat table.
      if (!bytes && name != "nat" && bytes.error().reason == Reason::unsupported) continue;
      if (!bytes) return std::unexpected(std::move(bytes).error());
      out.push_back({.family = family, .name = name, .bytes = *std::move(bytes)});
    }
  }
  return out;
}

Result<std::vector<PacketTable>> decode_ip_tables(std::span<const IpTable> tables,
                                                  UnknownParts& unknown,
                                                  UnknownParts& unknown_filters,
                                                  const IpSetLookup& sets) {
  std::vector<PacketTable> out;
  for (const IpTable& table : tables) {
    auto decoded =
        decode_ip_table(table.family, table.bytes,
                        table.name == "filter" ? unknown_filters : unknown, sets, table.name);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    out.push_back(*std::move(decoded));
  }
  return out;
}

}  // namespace hostnet
