#include "netlink/nat/ipvs/ipvs_rules.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  const auto message = message_of(0x20, data, size);
  IpvsTable table;
  if (const auto service = decode_ipvs_service(message); service && *service) {
    table.services.push_back(**service);
  } else {
    table.services.emplace_back();
  }
  auto& servers = table.services.front().servers.emplace();
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    const auto server = decode_ipvs_server(message, family);
    if (server && *server) servers.push_back(**server);
  }
  static_cast<void>(ipvs_rules(table, true));
  return 0;
}
