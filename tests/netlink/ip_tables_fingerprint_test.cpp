#include <gtest/gtest.h>

#include "netlink/nat/xtables/ip_tables.h"

namespace hostnet {
namespace {

// struct ipt_entry with a verdict, as the nat table has them for policies.
IpTableBytes accepting_table() {
  IpTableBytes table;
  table.valid_hooks = 1;  // NF_INET_PRE_ROUTING
  table.entries.resize(152);
  table.entries.at(88) = std::byte{112};    // target_offset
  table.entries.at(90) = std::byte{152};    // next_offset
  table.entries.at(112) = std::byte{40};    // the target's size
  table.entries.at(144) = std::byte{0xFE};  // -NF_ACCEPT - 1
  for (const std::size_t at : {145U, 146U, 147U}) table.entries.at(at) = std::byte{0xFF};
  return table;
}

TEST(IpTablesFingerprint, IsAnotherWhereARuleIsAndNotWhereItMatchedOnceMore) {
  std::vector<IpTable> tables{
      {.family = AddressFamily::ipv4, .name = "nat", .bytes = accepting_table()}};
  auto& entries = tables.front().bytes.entries;
  const auto fingerprint = ip_tables_fingerprint(tables);
  for (std::size_t at = 0; at < entries.size(); ++at) {
    const bool counts = at >= 96 && at < 112;
    entries.at(at) ^= std::byte{0x01};
    EXPECT_EQ(ip_tables_fingerprint(tables) == fingerprint, counts) << "byte " << at;
    entries.at(at) ^= std::byte{0x01};
  }
  tables.front().family = AddressFamily::ipv6;
  EXPECT_NE(ip_tables_fingerprint(tables), fingerprint);
  tables.front().family = AddressFamily::ipv4;
  tables.front().bytes.hook_entry.at(0) = 152;
  EXPECT_NE(ip_tables_fingerprint(tables), fingerprint);
  tables.clear();
  EXPECT_NE(ip_tables_fingerprint(tables), fingerprint);
}

}  // namespace
}  // namespace hostnet
