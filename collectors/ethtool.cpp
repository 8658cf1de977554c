// What network drivers report: their identity, the link modes that they know and
// advertise, and their own statistics (SIOCETHTOOL).

#include "netlink/ethtool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "collectors/ethtool_modes.h"
#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/metric_name.h"
#include "collectors/framework/pattern.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 3> kEthtoolFlags = {{
    {"ethtool.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"ethtool.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
    {"ethtool.metrics-include", CollectorFlag::Kind::text, ".*",
     "show only statistics whose name, blanks and marks replaced by \"_\", the expression is found "
     "in; drivers have hundreds"},
}};

constexpr unsigned kAutonegotiateBit = 6, kPauseBit = 13, kAsymmetricPauseBit = 14;
constexpr double kBytesPerMegabit = 1e6 / 8;

struct EthtoolPort {
  unsigned bit;
  std::string_view name;
};
constexpr std::array<EthtoolPort, 6> kPorts = {
    {{7, "TP"}, {8, "AUI"}, {9, "MII"}, {10, "FIBRE"}, {11, "BNC"}, {16, "Backplane"}}};

// Statistics with a special name in node_exporter.
const std::map<std::string_view, std::string_view> kNamedStatistics = {
    {"rx_bytes", "received_bytes_total"},       {"rx_dropped", "received_dropped_total"},
    {"rx_errors", "received_errors_total"},     {"rx_packets", "received_packets_total"},
    {"tx_bytes", "transmitted_bytes_total"},    {"tx_errors", "transmitted_errors_total"},
    {"tx_packets", "transmitted_packets_total"}};

// In lower case, with "rx" and "tx" between underscores spelt out; of two in a
// row the second stays, as with node_exporter's regular expression.
std::string spelt_out(std::string_view name) {
  std::string lower(name.substr(std::min(name.find_first_not_of('_'), name.size())));
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  std::string out;
  std::string_view replaced;
  for (std::size_t at = 0; at <= lower.size();) {
    const std::size_t end = std::min(lower.find('_', at), lower.size());
    const auto word = std::string_view(lower).substr(at, end - at);
    const bool known = (word == "rx" || word == "tx") && word != replaced;
    out += !known ? word : word == "rx" ? "received" : "transmitted";
    replaced = known ? word : std::string_view{};
    if (end < lower.size()) out += '_';
    at = end + 1;
  }
  return out;
}

struct EthtoolReader {
  DeviceFilter filter;
  Pattern statistics;

  Result<std::vector<MetricSource>> collect(Scrape& scrape) const;
  Result<> read_device(const Ethtool& ethtool, const std::string& device,
                       FamilyList& families) const;
  void add_statistics(FamilyList& families, const std::string& device,
                      const std::vector<EthtoolStatistic>& from) const;
};

void add_driver(FamilyList& families, const std::string& device, const EthtoolDriver& driver) {
  families.add("node_ethtool_info", "The driver and firmware of a network device.", kGauge,
               {{"bus_info", driver.bus_info},
                {"device", device},
                {"driver", driver.driver},
                {"expansion_rom_version", driver.expansion_rom_version},
                {"firmware_version", driver.firmware_version},
                {"version", driver.version}},
               1);
}

// `which`: "supported" or "advertised".
void add_modes(FamilyList& families, const std::string& device, std::string_view which,
               const LinkModes& modes) {
  for (const auto& mode : kEthtoolModes) {
    if (!modes.has(mode.bit)) continue;
    families.add(fmt::format("node_network_{}_speed_bytes", which),
                 fmt::format("A speed that is {}, in bytes per second.", which), kGauge,
                 {{"device", device},
                  {"duplex", mode.half ? "half" : "full"},
                  {"mode", fmt::format("{}base{}", mode.megabits, mode.medium)}},
                 mode.megabits * kBytesPerMegabit);
  }
  const auto add_ability = [&](std::string_view name, unsigned bit) {
    families.add(fmt::format("node_network_{}_{}", name, which),
                 fmt::format("Whether {} is {}.", name, which), kGauge, {{"device", device}},
                 modes.has(bit) ? 1 : 0);
  };
  add_ability("autonegotiate", kAutonegotiateBit);
  add_ability("pause", kPauseBit);
  add_ability("asymmetricpause", kAsymmetricPauseBit);
}

void add_link(FamilyList& families, const std::string& device, const EthtoolLink& link) {
  add_modes(families, device, "supported", link.supported);
  add_modes(families, device, "advertised", link.advertised);
  for (const auto& port : kPorts) {
    if (!link.supported.has(port.bit)) continue;
    families.add("node_network_supported_port_info", "A kind of port that is supported.", kGauge,
                 {{"device", device}, {"type", port.name}}, 1);
  }
  families.add("node_network_autonegotiate", "Whether the port negotiates its speed.", kGauge,
               {{"device", device}}, link.autonegotiate ? 1 : 0);
}

// Statistics that map to the same name are all left out: the value would be ambiguous.
void EthtoolReader::add_statistics(FamilyList& families, const std::string& device,
                                   const std::vector<EthtoolStatistic>& from) const {
  std::map<std::string, std::optional<EthtoolStatistic>> by_name;
  for (const auto& statistic : from) {
    const std::string plain = sanitized_name(statistic.name);
    if (plain.empty() || !statistics.found_in(plain)) continue;
    const auto [at, fresh] =
        by_name.try_emplace(spelt_out(plain), EthtoolStatistic{plain, statistic.value});
    if (!fresh) at->second.reset();
  }
  for (const auto& [name, statistic] : by_name) {
    if (!statistic) continue;
    const auto named = kNamedStatistics.find(statistic->name);
    families.add(
        fmt::format("node_ethtool_{}", named == kNamedStatistics.end() ? name : named->second),
        fmt::format("The driver's statistic {}.", statistic->name), kUntyped, {{"device", device}},
        static_cast<double>(statistic->value));
  }
}

bool is_absence(const Error& error) {
  return error.reason == Reason::unsupported || error.reason == Reason::vanished;
}

// Returns an error only if every request failed, and one of them not because there
// is nothing to report.
Result<> EthtoolReader::read_device(const Ethtool& ethtool, const std::string& device,
                                    FamilyList& families) const {
  const auto link = read_ethtool_link(ethtool, device);
  if (link) add_link(families, device, *link);
  const auto driver = read_ethtool_driver(ethtool, device);
  if (driver) add_driver(families, device, *driver);
  const auto numbers = read_ethtool_statistics(ethtool, device);
  if (numbers) add_statistics(families, device, *numbers);
  if (link || driver || numbers) return {};
  if (!is_absence(link.error())) return std::unexpected(link.error());
  if (!is_absence(driver.error())) return std::unexpected(driver.error());
  return std::unexpected(numbers.error());
}

Result<std::vector<MetricSource>> EthtoolReader::collect(Scrape& scrape) const {
  const auto links = scrape.links();
  if (!links) return std::unexpected(links.error());
  const Node& node = scrape.node();
  FamilyList families;
  std::optional<Error> failed;
  bool any = false;
  for (const Link& link : **links) {
    if (!filter.keeps(link.name)) continue;
    if (node.clock->steady() > scrape.deadline()) {
      return failure(Reason::timeout, "asking drivers: the deadline passed at " + link.name);
    }
    if (auto read = read_device(*node.ethtool, link.name, families); read) {
      any = true;
    } else if (!failed || is_absence(*failed)) {
      failed = std::move(read).error();
    }
  }
  if (!any && failed) return std::unexpected(*std::move(failed));
  return families.take();
}

Result<Collect> make_ethtool(const CollectorOptions& options) {
  auto filter = DeviceFilter::from_options(options, "ethtool");
  if (!filter) return std::unexpected(std::move(filter).error());
  auto statistics =
      Pattern::compile("ethtool.metrics-include", options.text("ethtool.metrics-include"));
  if (!statistics) return std::unexpected(std::move(statistics).error());
  const auto reader =
      std::make_shared<const EthtoolReader>(std::move(*filter), std::move(*statistics));
  return [reader](Scrape& scrape) { return reader->collect(scrape); };
}

}  // namespace

Collector ethtool_collector() {
  return {.name = "ethtool",
          .help = "drivers of network devices: version, link modes, statistics",
          .enabled_by_default = false,
          .flags = kEthtoolFlags,
          .make = make_ethtool};
}

}  // namespace hostnet
