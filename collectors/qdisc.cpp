// Counters of each device's root queueing discipline (RTM_GETQDISC).

#include <algorithm>
#include <array>
#include <compare>
#include <limits>
#include <map>
#include <memory>
#include <tuple>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/link_names.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/widen.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kRootParent = 0xFFFFFFFF;  // TC_H_ROOT

constexpr std::array<CollectorFlag, 2> kQdiscFlags = {{
    {"qdisc.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"qdisc.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
}};

struct QdiscSample {
  std::string device;
  Qdisc qdisc;
};

struct QdiscFamily {
  const char* name;
  const char* help;
  prometheus::MetricType type{};
  std::uint64_t Qdisc::* value;
};

constexpr std::array<QdiscFamily, 7> kQdiscFamilies = {{
    {"node_qdisc_bytes_total", "Bytes sent.", kCounter, &Qdisc::bytes},
    {"node_qdisc_packets_total", "Packets sent.", kCounter, &Qdisc::packets},
    {"node_qdisc_drops_total", "Packets dropped.", kCounter, &Qdisc::drops},
    {"node_qdisc_requeues_total", "Packets put back because the device took none.", kCounter,
     &Qdisc::requeues},
    {"node_qdisc_overlimits_total", "Packets held back by a limit.", kCounter, &Qdisc::overlimits},
    {"node_qdisc_current_queue_length", "Packets waiting.", kGauge, &Qdisc::queue_length},
    {"node_qdisc_backlog", "Bytes waiting.", kGauge, &Qdisc::backlog},
}};

// One discipline's counters that the kernel keeps in 32 bits.
struct QdiscWidened {
  struct Key {
    std::uint32_t interface{}, handle{};
    std::string kind;
    auto operator<=>(const Key&) const = default;
  };
  std::array<WidenedCounter, 4> counters;

  void widen(Qdisc& qdisc) {
    std::size_t at = 0;
    for (const auto value :
         {&Qdisc::packets, &Qdisc::drops, &Qdisc::requeues, &Qdisc::overlimits}) {
      WidenedCounter& counter = counters[at++];
      std::uint64_t& now = qdisc.*value;
      // Beyond 32 bits the kernel itself counted in 64.
      if (now > std::numeric_limits<std::uint32_t>::max()) continue;
      now = counter.update(static_cast<std::uint32_t>(now));
    }
  }
};

class QdiscReader {
 public:
  explicit QdiscReader(DeviceFilter filter) : filter_(std::move(filter)) {}

  Result<std::vector<MetricSource>> collect(Scrape& scrape) {
    const auto links = scrape.links();
    if (!links) return std::unexpected(links.error());
    auto qdiscs = read_qdiscs(*scrape.node().netlink);
    if (!qdiscs) return std::unexpected(std::move(qdiscs).error());
    const auto samples =
        std::make_shared<const std::vector<QdiscSample>>(samples_of(*qdiscs, LinkNames(**links)));
    std::vector<MetricSource> families;
    families.reserve(kQdiscFamilies.size());
    for (const QdiscFamily& family : kQdiscFamilies) {
      families.push_back(per_item<QdiscSample>(
          family.name, family.help, family.type, samples,
          [value = family.value](Samples& out, const QdiscSample& sample) {
            add_sample(out, {{"device", sample.device}, {"kind", sample.qdisc.kind}},
                       static_cast<double>(sample.qdisc.*value));
          }));
    }
    return families;
  }

 private:
  // The root qdiscs of the selected devices, in the order of their labels.
  std::vector<QdiscSample> samples_of(std::vector<Qdisc>& qdiscs, const LinkNames& names) {
    std::vector<QdiscSample> samples;
    std::map<QdiscWidened::Key, QdiscWidened> widened;
    for (Qdisc& qdisc : qdiscs) {
      if (qdisc.parent != 0 && qdisc.parent != kRootParent) continue;
      const std::string_view device = names.of(qdisc.interface);
      if (device.empty() || !filter_.keeps(device)) continue;
      // Copied from the last scrape, so that devices that are gone are forgotten.
      QdiscWidened::Key key{qdisc.interface, qdisc.handle, qdisc.kind};
      QdiscWidened counters = widened_[key];
      counters.widen(qdisc);
      widened.emplace(std::move(key), counters);
      samples.push_back({std::string(device), std::move(qdisc)});
    }
    widened_ = std::move(widened);
    // If a device has several root qdiscs of one kind, keeps the one with the lowest handle.
    std::ranges::sort(samples, {}, [](const QdiscSample& sample) {
      return std::tie(sample.device, sample.qdisc.kind, sample.qdisc.handle);
    });
    const auto repeated = std::ranges::unique(samples, {}, [](const QdiscSample& sample) {
      return std::tie(sample.device, sample.qdisc.kind);
    });
    samples.erase(repeated.begin(), repeated.end());
    return samples;
  }

  DeviceFilter filter_;
  std::map<QdiscWidened::Key, QdiscWidened> widened_;
};

Result<Collect> make_qdisc(const CollectorOptions& options) {
  auto filter = DeviceFilter::from_options(options, "qdisc");
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto reader = std::make_shared<QdiscReader>(std::move(*filter));
  return [reader](Scrape& scrape) { return reader->collect(scrape); };
}

}  // namespace

Collector qdisc_collector() {
  return {.name = "qdisc",
          .help = "root queueing disciplines",
          .enabled_by_default = false,
          .flags = kQdiscFlags,
          .make = make_qdisc};
}

}  // namespace hostnet
