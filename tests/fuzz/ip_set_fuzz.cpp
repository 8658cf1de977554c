// One message of a set, named by a rule as every revision of the match names it.

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>

#include "netlink/nat/xtables/xt_set.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  IpSet set;
  const auto message =
      message_of(static_cast<std::uint16_t>(NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST), data, size);
  static_cast<void>(decode_ip_set_name(message));
  static_cast<void>(decode_ip_set(message, set));
  const IpSetLookup lookup = [&](std::uint16_t) -> Result<const IpSet*> { return &set; };
  std::array<std::byte, 40> info{};
  info[2] = std::byte{3};  // dimensions
  for (std::uint8_t revision = 0; revision <= 5; ++revision) {
    for (const unsigned flags : {0U, 1U, 2U, 8U, 0x80U}) {
      info[3] = static_cast<std::byte>(flags);
      UnknownParts unknown;
      static_cast<void>(
          decode_xt_set({"set", revision, info, AddressFamily::ipv4}, lookup, unknown));
    }
  }
  return 0;
}
