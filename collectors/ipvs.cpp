// Virtual servers (IPVS): totals from /proc/net/ip_vs_stats and the values of each
// backend from /proc/net/ip_vs (net/netfilter/ipvs/ip_vs_ctl.c).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "collectors/ipvs_table.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 1> kIpvsFlags = {{
    {"ipvs.backend-labels", CollectorFlag::Kind::text,
     "local_address,local_port,remote_address,remote_port,proto,local_mark",
     "labels of the backends' series, separated by commas; backends that agree in them add up"},
}};

struct IpvsLabel {
  std::string_view name;
  std::string IpvsBackend::* value;
};

// In name order, which is the order on the page.
constexpr std::array<IpvsLabel, 6> kIpvsLabels = {{
    {"local_address", &IpvsBackend::local_address},
    {"local_mark", &IpvsBackend::local_mark},
    {"local_port", &IpvsBackend::local_port},
    {"proto", &IpvsBackend::protocol},
    {"remote_address", &IpvsBackend::remote_address},
    {"remote_port", &IpvsBackend::remote_port},
}};

Result<std::vector<IpvsLabel>> parse_ipvs_labels(std::string_view text) {
  std::array<bool, kIpvsLabels.size()> wanted{};
  while (!text.empty()) {
    const std::string_view name = take_until(text, ',');
    if (name.empty()) continue;
    const auto known = std::ranges::find(kIpvsLabels, name, &IpvsLabel::name);
    if (known == kIpvsLabels.end()) {
      return failure(Reason::malformed,
                     fmt::format("--collector.ipvs.backend-labels: unknown label \"{}\"", name));
    }
    wanted[static_cast<std::size_t>(known - kIpvsLabels.begin())] = true;
  }
  std::vector<IpvsLabel> labels;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) labels.push_back(kIpvsLabels[i]);
  }
  return labels;
}

struct IpvsSum {
  std::uint64_t active{}, inactive{}, weight{};
};
using IpvsSums = std::vector<std::pair<std::vector<std::string>, IpvsSum>>;

IpvsSums add_up_backends(const std::vector<IpvsBackend>& backends,
                         const std::vector<IpvsLabel>& labels) {
  std::map<std::vector<std::string>, IpvsSum> sums;
  for (const IpvsBackend& backend : backends) {
    std::vector<std::string> values;
    for (const IpvsLabel& label : labels) values.push_back(backend.*label.value);
    IpvsSum& sum = sums[std::move(values)];
    sum.active += backend.active;
    sum.inactive += backend.inactive;
    sum.weight += backend.weight;
  }
  return {sums.begin(), sums.end()};
}

Result<std::vector<MetricSource>> collect_ipvs(const std::vector<IpvsLabel>& labels,
                                               const Files& files) {
  const auto totals = read_ipvs_totals(files);
  if (!totals) return std::unexpected(totals.error());
  const auto backends = read_ipvs_backends(files);
  if (!backends) return std::unexpected(backends.error());

  std::vector<MetricSource> families;
  const auto total = [&](const char* name, const char* help, std::uint64_t value) {
    families.push_back(single(name, help, kCounter, static_cast<double>(value)));
  };
  total("node_ipvs_connections_total", "Connections to virtual servers.", totals->connections);
  total("node_ipvs_incoming_packets_total", "Packets from clients.", totals->incoming_packets);
  total("node_ipvs_outgoing_packets_total", "Packets to clients.", totals->outgoing_packets);
  total("node_ipvs_incoming_bytes_total", "Bytes from clients.", totals->incoming_bytes);
  total("node_ipvs_outgoing_bytes_total", "Bytes to clients.", totals->outgoing_bytes);

  const auto sums = std::make_shared<const IpvsSums>(add_up_backends(*backends, labels));
  const auto backend = [&](const char* name, const char* help, std::uint64_t IpvsSum::* value) {
    families.push_back(per_item(name, help, kGauge, sums,
                                [labels, value](Samples& family, const IpvsSums::value_type& sum) {
                                  std::vector<prometheus::ClientMetric::Label> pairs;
                                  for (std::size_t i = 0; i < labels.size(); ++i) {
                                    pairs.push_back({std::string(labels[i].name), sum.first[i]});
                                  }
                                  add_sample(family, pairs, static_cast<double>(sum.second.*value));
                                }));
  };
  backend("node_ipvs_backend_connections_active", "Active connections of each backend.",
          &IpvsSum::active);
  backend("node_ipvs_backend_connections_inactive", "Inactive connections of each backend.",
          &IpvsSum::inactive);
  backend("node_ipvs_backend_weight", "The weight of each backend.", &IpvsSum::weight);
  return families;
}

Result<Collect> make_ipvs(const CollectorOptions& options) {
  const auto labels = parse_ipvs_labels(options.text("ipvs.backend-labels"));
  if (!labels) return std::unexpected(labels.error());
  return [labels = *labels](Scrape& scrape) { return collect_ipvs(labels, *scrape.node().files); };
}

}  // namespace

Collector ipvs_collector() {
  return {.name = "ipvs",
          .help = "virtual servers and their backends",
          .enabled_by_default = true,
          .flags = kIpvsFlags,
          .make = make_ipvs};
}

}  // namespace hostnet
