// IPv4 neighbours of each device (RTM_GETNEIGH), counted as they arrive; or, if
// netlink is refused or switched off, from /proc/net/arp. Neither counts neighbours
// that need no resolution (NUD_NOARP: multicast, loopback, point-to-point).

#include <linux/neighbour.h>

#include <array>
#include <map>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 3> kArpFlags = {{
    {"arp.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"arp.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
    {"arp.netlink", CollectorFlag::Kind::boolean, "true",
     "use netlink; otherwise, and where it fails, /proc/net/arp"},
}};

using EntriesByDevice = std::map<std::string, std::uint64_t, std::less<>>;

Result<EntriesByDevice> arp_from_netlink(Scrape& scrape) {
  std::map<std::uint32_t, std::uint64_t> by_index;
  const auto count = [&](const NetlinkMessage& message) -> Result<> {
    const auto neighbour = decode_neighbour(message);
    if (!neighbour) return std::unexpected(neighbour.error());
    if (*neighbour && ((*neighbour)->state & NUD_NOARP) == 0) ++by_index[(*neighbour)->interface];
    return {};
  };
  const auto done = scrape.node().netlink->dump(neighbours_request(AddressFamily::ipv4),
                                                {[&] { by_index.clear(); }, count});
  if (!done) return std::unexpected(done.error());
  const auto links = scrape.links();
  if (!links) return std::unexpected(links.error());
  EntriesByDevice entries;
  for (const Link& link : **links) {
    if (const auto found = by_index.find(link.index); found != by_index.end()) {
      entries[link.name] = found->second;
    }
  }
  return entries;
}

Result<EntriesByDevice> arp_from_procfs(const Files& files) {
  constexpr std::size_t kDevice = 5;
  const std::string path = net_path(files, "arp");
  const auto text = or_unsupported(files.read(path));
  if (!text) return std::unexpected(text.error());
  EntriesByDevice entries;
  LineReader reader(path, *text);
  while (reader.next()) {
    if (reader.number() == 1 || reader.fields().empty()) continue;  // the heading
    if (reader.fields().size() != kDevice + 1) {
      return reader.malformed("expected six fields, the last one a device");
    }
    ++entries[std::string(reader.fields()[kDevice])];
  }
  return entries;
}

struct Arp {
  DeviceFilter filter;
  bool netlink{};

  Result<std::vector<MetricSource>> collect(Scrape& scrape) const {
    bool from_netlink = netlink;
    Result<EntriesByDevice> entries;
    if (from_netlink) {
      entries = arp_from_netlink(scrape);
      if (!entries && entries.error().reason == Reason::timeout) {
        return std::unexpected(std::move(entries).error());
      }
      from_netlink = entries.has_value();
    }
    if (!from_netlink) entries = arp_from_procfs(*scrape.node().files);
    if (!entries) return std::unexpected(std::move(entries).error());
    FamilyList families;
    for (const auto& [device, count] : *entries) {
      if (!filter.keeps(device)) continue;
      families.add("node_arp_entries", "IPv4 neighbours of each device.", kGauge,
                   {{"device", device}}, static_cast<double>(count));
    }
    auto sources = families.take();
    sources.push_back(live_source("arp", from_netlink ? "netlink" : "procfs"));
    return sources;
  }
};

Result<Collect> make_arp(const CollectorOptions& options) {
  auto filter = DeviceFilter::from_options(options, "arp");
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto arp = std::make_shared<Arp>(std::move(*filter), options.boolean("arp.netlink"));
  return [arp](Scrape& scrape) { return arp->collect(scrape); };
}

}  // namespace

Collector arp_collector() {
  return {.name = "arp",
          .help = "IPv4 neighbours by device",
          .enabled_by_default = true,
          .flags = kArpFlags,
          .make = make_arp};
}

}  // namespace hostnet
