// One byte for the family, the hooks as struct ipt_getinfo has them, and entries:
// whatever they say is decoded and walked. Rules may name one set of ports.

#include "netlink/attributes.h"
#include "netlink/nat/walk_nat.h"
#include "netlink/nat/xtables/ip_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  struct Head {
    std::uint32_t valid_hooks;
    std::array<std::uint32_t, 5> hook_entry, underflow;
  };
  if (size < 1 + sizeof(Head)) return 0;
  const auto family = (data[0] & 1) == 0 ? AddressFamily::ipv4 : AddressFamily::ipv6;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto head = copy_of<Head>(bytes);
  const auto entries = bytes.subspan(sizeof(Head));
  const IpTableBytes table{.valid_hooks = head.valid_hooks,
                           .hook_entry = head.hook_entry,
                           .underflow = head.underflow,
                           .entries = {entries.begin(), entries.end()}};
  IpSet ports{.name = "ports", .type = "bitmap:port", .elements = {}};
  ports.elements.push_back({.ports = PortSpan{30080, 30090}});
  const IpSetLookup lookup = [&](std::uint16_t) -> Result<const IpSet*> { return &ports; };
  UnknownParts unknown;
  const auto decoded = decode_ip_table(family, table, unknown, lookup);
  if (!decoded) return 0;
  static_cast<void>(walk_nat({*decoded}, {.most_rules = 1000, .most_steps = 10000}));
  return 0;
}
