#include "netlink/nat/ipvs/ipvs.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include <algorithm>
#include <utility>

#include "netlink/attributes.h"
#include "netlink/genetlink/generic_netlink.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/read_facts.h"

namespace hostnet {
namespace {

using IpvsServiceAttributes = AttributeTable<IPVS_SVC_ATTR_MAX>;

Result<IpvsServiceAttributes> ipvs_service_attributes(const NetlinkMessage& message) {
  const auto command = AttributeTable<IPVS_CMD_ATTR_MAX>::of(generic_attributes(message));
  if (!command) return std::unexpected(command.error());
  return IpvsServiceAttributes::of((*command)[IPVS_CMD_ATTR_SERVICE]);
}

// Sixteen bytes of either family (union nf_inet_addr).
Result<IpAddress> ipvs_address(AddressFamily family, std::span<const std::byte> bytes) {
  const auto ip = ip_of(family, bytes);
  if (!ip) return failure(Reason::malformed, "an IPVS address that is cut");
  return *ip;
}

NetlinkRequest ipvs_servers_request(std::uint16_t family, const IpvsService& service) {
  const bool ipv4 = service.address.family == AddressFamily::ipv4;
  auto request = generic_request(
      family, IPVS_CMD_GET_DEST, NLM_F_DUMP,
      fmt::format("listing IPVS servers of {} port {}", service.address.to_string(), service.port));
  RequestBuilder inner(NETLINK_GENERIC, 0, 0, {});
  inner.attribute(IPVS_SVC_ATTR_AF, static_cast<std::uint16_t>(ipv4 ? AF_INET : AF_INET6));
  inner.attribute(IPVS_SVC_ATTR_PROTOCOL, std::uint16_t{service.ip_protocol});
  inner.attribute(IPVS_SVC_ATTR_ADDR, std::as_bytes(std::span(service.address.bytes)));
  inner.attribute(IPVS_SVC_ATTR_PORT, htons(service.port));
  const NetlinkRequest nested = std::move(inner).build();
  request.attribute(NLA_F_NESTED | IPVS_CMD_ATTR_SERVICE, nested.body);
  return std::move(request).build();
}

}  // namespace

Result<std::optional<IpvsService>> decode_ipvs_service(const NetlinkMessage& message) {
  const auto attributes = ipvs_service_attributes(message);
  if (!attributes) return std::unexpected(attributes.error());
  const auto family = ip_family(attributes->get_or<std::uint16_t>(IPVS_SVC_ATTR_AF, 0));
  if (!family) return std::nullopt;
  IpvsService service{.address = {.family = *family, .bytes = {}},
                      .mark = attributes->get_or<std::uint32_t>(IPVS_SVC_ATTR_FWMARK, 0),
                      .scheduler = attributes->text(IPVS_SVC_ATTR_SCHED_NAME),
                      .servers = std::nullopt};
  if (service.mark != 0) return service;
  const auto address = ipvs_address(*family, (*attributes)[IPVS_SVC_ATTR_ADDR]);
  if (!address) return std::unexpected(address.error());
  service.address = *address;
  service.ip_protocol =
      static_cast<std::uint8_t>(attributes->get_or<std::uint16_t>(IPVS_SVC_ATTR_PROTOCOL, 0));
  service.port = ntohs(attributes->get_or<std::uint16_t>(IPVS_SVC_ATTR_PORT, 0));
  return service;
}

Result<std::optional<IpvsServer>> decode_ipvs_server(const NetlinkMessage& message,
                                                     AddressFamily family) {
  const auto command = AttributeTable<IPVS_CMD_ATTR_MAX>::of(generic_attributes(message));
  if (!command) return std::unexpected(command.error());
  if (!command->has(IPVS_CMD_ATTR_DEST)) return std::nullopt;
  const auto server = AttributeTable<IPVS_DEST_ATTR_MAX>::of((*command)[IPVS_CMD_ATTR_DEST]);
  if (!server) return std::unexpected(server.error());
  const auto own = ip_family(server->get_or<std::uint16_t>(IPVS_DEST_ATTR_ADDR_FAMILY, 0));
  const auto address = ipvs_address(own.value_or(family), (*server)[IPVS_DEST_ATTR_ADDR]);
  if (!address) return std::unexpected(address.error());
  return IpvsServer{.address = *address,
                    .port = ntohs(server->get_or<std::uint16_t>(IPVS_DEST_ATTR_PORT, 0)),
                    .weight = server->get_or<std::uint32_t>(IPVS_DEST_ATTR_WEIGHT, 0)};
}

Result<IpvsTable> read_ipvs(Netlink& netlink, const Files& files,
                            std::span<const IpAddress> addresses) {
  IpvsTable table;
  // Pid 1's file, whose namespace is the host's; a fixture may only have the other one.
  if (!files.exists("proc/1/net/ip_vs") && !files.exists("proc/net/ip_vs")) return table;
  const auto family = find_generic_family(netlink, IPVS_GENL_NAME);
  if (!family) return std::unexpected(family.error());
  auto request =
      generic_request(*family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP, "listing IPVS services");
  auto services = read_facts<IpvsService>(netlink, std::move(request).build(), decode_ipvs_service);
  if (!services) return std::unexpected(std::move(services).error());
  for (IpvsService& service : *services) {
    if (service.mark != 0) {
      ++table.by_mark;
      continue;
    }
    if (!service.address.is_loopback() && !std::ranges::binary_search(addresses, service.address)) {
      continue;
    }
    if (table.services.size() < kMostIpvsServerReads) {
      auto servers = read_facts<IpvsServer>(
          netlink, ipvs_servers_request(*family, service), [&](const NetlinkMessage& message) {
            return decode_ipvs_server(message, service.address.family);
          });
      // The service has since disappeared.
      if (!servers && servers.error().reason == Reason::vanished) continue;
      if (!servers) return std::unexpected(std::move(servers).error());
      service.servers = *std::move(servers);
    } else {
      ++table.without_servers;
    }
    table.services.push_back(std::move(service));
  }
  return table;
}

}  // namespace hostnet
