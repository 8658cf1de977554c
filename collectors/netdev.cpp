// Counters of each interface, from the scrape's link dump (RTM_GETLINK with
// IFLA_STATS64) or, if netlink is refused or switched off, /proc/net/dev.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/netdev_addresses.h"
#include "collectors/netdev_kind_watch.h"
#include "collectors/netdev_procfs.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

struct NetdevStatistic {
  std::string_view name;  // node_network_<name>_total
  std::uint64_t (*value)(const LinkStats&);
  bool in_procfs = true;
};

// Folded as in /proc/net/dev (net/core/net-procfs.c), the form that users know.
constexpr std::array<NetdevStatistic, 17> kFolded = {{
    {"receive_bytes", [](const LinkStats& s) { return s.rx_bytes; }},
    {"receive_packets", [](const LinkStats& s) { return s.rx_packets; }},
    {"receive_errs", [](const LinkStats& s) { return s.rx_errors; }},
    {"receive_drop", [](const LinkStats& s) { return s.rx_dropped + s.rx_missed_errors; }},
    {"receive_fifo", [](const LinkStats& s) { return s.rx_fifo_errors; }},
    {"receive_frame",
     [](const LinkStats& s) {
       return s.rx_frame_errors + s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors;
     }},
    {"receive_compressed", [](const LinkStats& s) { return s.rx_compressed; }},
    {"receive_multicast", [](const LinkStats& s) { return s.multicast; }},
    {"receive_nohandler", [](const LinkStats& s) { return s.rx_nohandler; }, false},
    {"transmit_bytes", [](const LinkStats& s) { return s.tx_bytes; }},
    {"transmit_packets", [](const LinkStats& s) { return s.tx_packets; }},
    {"transmit_errs", [](const LinkStats& s) { return s.tx_errors; }},
    {"transmit_drop", [](const LinkStats& s) { return s.tx_dropped; }},
    {"transmit_fifo", [](const LinkStats& s) { return s.tx_fifo_errors; }},
    {"transmit_colls", [](const LinkStats& s) { return s.collisions; }},
    {"transmit_carrier",
     [](const LinkStats& s) {
       return s.tx_carrier_errors + s.tx_aborted_errors + s.tx_heartbeat_errors +
              s.tx_window_errors;
     }},
    {"transmit_compressed", [](const LinkStats& s) { return s.tx_compressed; }},
}};

// One family for each counter of the kernel.
constexpr std::array<NetdevStatistic, 24> kDetailed = {{
    {"receive_packets", [](const LinkStats& s) { return s.rx_packets; }},
    {"transmit_packets", [](const LinkStats& s) { return s.tx_packets; }},
    {"receive_bytes", [](const LinkStats& s) { return s.rx_bytes; }},
    {"transmit_bytes", [](const LinkStats& s) { return s.tx_bytes; }},
    {"receive_errors", [](const LinkStats& s) { return s.rx_errors; }},
    {"transmit_errors", [](const LinkStats& s) { return s.tx_errors; }},
    {"receive_dropped", [](const LinkStats& s) { return s.rx_dropped; }},
    {"transmit_dropped", [](const LinkStats& s) { return s.tx_dropped; }},
    {"multicast", [](const LinkStats& s) { return s.multicast; }},
    {"collisions", [](const LinkStats& s) { return s.collisions; }},
    {"receive_length_errors", [](const LinkStats& s) { return s.rx_length_errors; }},
    {"receive_over_errors", [](const LinkStats& s) { return s.rx_over_errors; }},
    {"receive_crc_errors", [](const LinkStats& s) { return s.rx_crc_errors; }},
    {"receive_frame_errors", [](const LinkStats& s) { return s.rx_frame_errors; }},
    {"receive_fifo_errors", [](const LinkStats& s) { return s.rx_fifo_errors; }},
    {"receive_missed_errors", [](const LinkStats& s) { return s.rx_missed_errors; }},
    {"transmit_aborted_errors", [](const LinkStats& s) { return s.tx_aborted_errors; }},
    {"transmit_carrier_errors", [](const LinkStats& s) { return s.tx_carrier_errors; }},
    {"transmit_fifo_errors", [](const LinkStats& s) { return s.tx_fifo_errors; }},
    {"transmit_heartbeat_errors", [](const LinkStats& s) { return s.tx_heartbeat_errors; }},
    {"transmit_window_errors", [](const LinkStats& s) { return s.tx_window_errors; }},
    {"receive_compressed", [](const LinkStats& s) { return s.rx_compressed; }},
    {"transmit_compressed", [](const LinkStats& s) { return s.tx_compressed; }},
    {"receive_nohandler", [](const LinkStats& s) { return s.rx_nohandler; }},
}};

constexpr std::array<CollectorFlag, 9> kNetdevFlags = {{
    {"netdev.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"netdev.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
    {"netdev.device-whitelist", CollectorFlag::Kind::text, "",
     "old name of --collector.netdev.device-include"},
    {"netdev.device-blacklist", CollectorFlag::Kind::text, "",
     "old name of --collector.netdev.device-exclude"},
    {"netdev.netlink", CollectorFlag::Kind::boolean, "true",
     "use netlink; otherwise, and where it fails, /proc/net/dev"},
    {"netdev.address-info", CollectorFlag::Kind::boolean, "false",
     "also show the addresses of each device"},
    {"netdev.enable-detailed-metrics", CollectorFlag::Kind::boolean, "false",
     "one family for each counter of the kernel, not folded as /proc/net/dev has them"},
    {"netdev.label-ifalias", CollectorFlag::Kind::boolean, "false",
     "add the device's alias as a label"},
    {"netdev.aggregate-kinds", CollectorFlag::Kind::texts, "",
     "count the links of these kinds (\"veth,ipvlan\") together, as device \"kind/<kind>\"; "
     "needs netlink"},
}};

// The links that this collector shows; keeps the dump alive.
struct NetdevFacts {
  std::shared_ptr<const std::vector<Link>> links, sums;
  std::vector<const Link*> shown;  // by name
};

struct Netdev {
  DeviceFilter filter;
  bool netlink{}, addresses{}, detailed{}, alias{};
  std::unique_ptr<KindWatch> kinds;  // null: nothing is aggregated

  Result<std::vector<MetricSource>> collect(Scrape& scrape);
  void choose(Netlink& kernel, NetdevFacts& facts);
  void add_statistics(std::vector<MetricSource>& families, const NetdevStatistic& statistic,
                      const std::shared_ptr<const std::vector<const Link*>>& links) const;
};

void Netdev::add_statistics(std::vector<MetricSource>& families, const NetdevStatistic& statistic,
                            const std::shared_ptr<const std::vector<const Link*>>& links) const {
  const auto emit = [value = statistic.value, with_alias = alias](Samples& family,
                                                                  const Link* link) {
    const auto number = static_cast<double>(value(link->stats));
    if (with_alias) {
      add_sample(family, {{"device", link->name}, {"ifalias", link->alias}}, number);
    } else {
      add_sample(family, {{"device", link->name}}, number);
    }
  };
  families.push_back(per_item(joined({"node_network_", statistic.name, "_total"}),
                              joined({"The counter ", statistic.name, " of each network device."}),
                              kCounter, links, emit));
}

// Replaces links of the aggregated kinds by their sums.
void Netdev::choose(Netlink& kernel, NetdevFacts& facts) {
  std::vector<const Link*> summed;
  for (const Link& link : *facts.links) {
    if (!filter.keeps(link.name)) continue;
    (kinds && kinds->covers(link) ? summed : facts.shown).push_back(&link);
  }
  if (!kinds) return;
  facts.sums = kinds->update(kernel, summed);
  for (const Link& sum : *facts.sums) facts.shown.push_back(&sum);
  std::ranges::sort(facts.shown, {}, &Link::name);
}

Result<std::vector<MetricSource>> Netdev::collect(Scrape& scrape) {
  auto facts = std::make_shared<NetdevFacts>();
  bool from_netlink = netlink;
  if (from_netlink) {
    if (auto links = scrape.links()) {
      facts->links = std::move(*links);
    } else if (links.error().reason == Reason::timeout || kinds) {
      // /proc/net/dev has no kinds: thousands of series would appear instead.
      return std::unexpected(std::move(links).error());
    } else {
      from_netlink = false;
    }
  }
  if (!from_netlink) {
    auto links = read_proc_net_dev(*scrape.node().files);
    if (!links) return std::unexpected(std::move(links).error());
    facts->links = std::make_shared<const std::vector<Link>>(std::move(*links));
  }
  choose(*scrape.node().netlink, *facts);

  const std::shared_ptr<const std::vector<const Link*>> shown(facts, &facts->shown);
  std::vector<MetricSource> families;
  if (detailed && from_netlink) {
    for (const auto& statistic : kDetailed) add_statistics(families, statistic, shown);
  } else {
    for (const auto& statistic : kFolded) {
      if (from_netlink || statistic.in_procfs) add_statistics(families, statistic, shown);
    }
  }
  families.push_back(live_source("netdev", from_netlink ? "netlink" : "procfs"));
  if (addresses) {
    auto info = address_info(scrape);
    if (!info) return std::unexpected(std::move(info).error());
    families.push_back(std::move(*info));
  }
  return families;
}

// The kinds in the flag, separated by commas or given by repetition.
Result<std::vector<std::string>> aggregated_kinds(const CollectorOptions& options) {
  const auto refused = [](std::string_view what) {
    return failure(Reason::malformed, fmt::format("--collector.netdev.aggregate-kinds{}", what));
  };
  std::vector<std::string> kinds;
  for (std::string_view rest : options.texts("netdev.aggregate-kinds")) {
    for (bool more = !rest.empty(); more;) {
      const std::string_view given = rest;
      more = rest.contains(',');
      const std::string_view kind = trim(take_until(rest, ','));
      if (kind.empty()) return refused(fmt::format("={}: an empty kind", given));
      kinds.emplace_back(kind);
    }
  }
  if (!kinds.empty() && !options.boolean("netdev.netlink")) {
    return refused(" needs --collector.netdev.netlink: /proc/net/dev does not tell kinds");
  }
  return kinds;
}

Result<Collect> make_netdev(const CollectorOptions& options) {
  const auto either = [&](std::string_view name, std::string_view old_name) {
    return options.text(name).empty() ? options.text(old_name) : options.text(name);
  };
  auto filter = DeviceFilter::make(
      "netdev.device-include", either("netdev.device-include", "netdev.device-whitelist"),
      "netdev.device-exclude", either("netdev.device-exclude", "netdev.device-blacklist"));
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto kinds = aggregated_kinds(options);
  if (!kinds) return std::unexpected(kinds.error());
  const auto netdev = std::make_shared<Netdev>(std::move(*filter));
  if (!kinds->empty()) {
    netdev->kinds = std::make_unique<KindWatch>(
        *kinds, [raw = netdev.get()](std::string_view name) { return raw->filter.keeps(name); });
  }
  netdev->netlink = options.boolean("netdev.netlink");
  netdev->addresses = options.boolean("netdev.address-info");
  netdev->detailed = options.boolean("netdev.enable-detailed-metrics");
  netdev->alias = options.boolean("netdev.label-ifalias");
  return [netdev](Scrape& scrape) { return netdev->collect(scrape); };
}

}  // namespace

Collector netdev_collector() {
  return {.name = "netdev",
          .help = "counters of network interfaces",
          .enabled_by_default = true,
          .flags = kNetdevFlags,
          .make = make_netdev};
}

}  // namespace hostnet
