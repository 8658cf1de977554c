#include "collectors/netdev_addresses.h"

#include <map>
#include <string>

#include "collectors/framework/families.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

struct AddressRow {
  std::string address, device, netmask;
  std::string_view scope;
};

std::string_view scope_of(const IpAddress& given) {
  const IpAddress ip = given.unmapped();
  const auto& b = ip.bytes;
  if (ip.family == AddressFamily::ipv4) {
    if (ip.is_loopback() || (b[0] == 169 && b[1] == 254)) return "link-local";
    if (b[0] == 224 && b[1] == 0 && b[2] == 0) return "link-local";
    const bool broadcast = b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255;
    return broadcast || ip.is_wildcard() || ip.is_multicast() ? "" : "global";
  }
  if (ip.is_loopback() || (b[0] == 0xFE && (b[1] & 0xC0) == 0x80)) return "link-local";
  if (b[0] == 0xFF && (b[1] & 0x0F) == 0x02) return "link-local";
  if (b[0] == 0xFF && (b[1] & 0x0F) == 0x01) return "interface-local";
  return ip.is_wildcard() || ip.is_multicast() ? "" : "global";
}

}  // namespace

Result<MetricSource> address_info(Scrape& scrape) {
  const auto links = scrape.links();
  if (!links) return std::unexpected(links.error());
  const auto addresses = read_addresses(*scrape.node().netlink);
  if (!addresses) return std::unexpected(addresses.error());
  std::map<std::uint32_t, std::string_view> names;
  for (const Link& link : **links) names.emplace(link.index, link.name);
  auto rows = std::make_shared<std::vector<AddressRow>>();
  for (const Address& address : *addresses) {
    const auto name = names.find(address.interface);
    if (name == names.end()) continue;  // newer than the link dump
    rows->push_back({.address = address.ip.to_string(),
                     .device = std::string(name->second),
                     .netmask = std::to_string(address.prefix_length),
                     .scope = scope_of(address.ip)});
  }
  return per_item("node_network_address_info", "An address of a network device.", kGauge,
                  std::shared_ptr<const std::vector<AddressRow>>(std::move(rows)),
                  [](Samples& family, const AddressRow& row) {
                    add_sample(family,
                               {{"address", row.address},
                                {"device", row.device},
                                {"netmask", row.netmask},
                                {"scope", row.scope}},
                               1);
                  });
}

}  // namespace hostnet
