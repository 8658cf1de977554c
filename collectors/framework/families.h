#pragma once

// Helpers with which a collector builds its families. Two ways: FamilyList keeps every
// sample (right for up to some thousands), per_item() keeps only the facts and creates
// samples when the page is written (right for per-device families, which share their
// facts).

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/framework/collector.h"
#include "collectors/framework/samples.h"

namespace hostnet {

// Adds one sample. Pass labels in name order: the writer need not sort them then.
void add_sample(Samples& samples, std::initializer_list<LabelView> labels, double value);
void add_sample(Samples& samples, const std::vector<prometheus::ClientMetric::Label>& labels,
                double value);

inline constexpr auto kCounter = prometheus::MetricType::Counter;
inline constexpr auto kGauge = prometheus::MetricType::Gauge;
inline constexpr auto kUntyped = prometheus::MetricType::Untyped;

// Concatenates the pieces: names and helps are built for every scrape, and fmt::format()
// takes several times as long.
std::string joined(std::initializer_list<std::string_view> pieces);

// A family with one sample and no labels.
MetricSource single(std::string name, std::string help, prometheus::MetricType type, double value);

// hostnet_collector_source{collector,source} 1: the source that a collector with several
// sources reads from now ("netlink", "procfs", "sysfs").
MetricSource live_source(std::string collector, std::string source);

// A family with one sample for each of `items`: `emit(family, item)` calls
// add_sample() once, or not at all if the item has no such value.
template <class Item, class Emit>
MetricSource per_item(std::string name, std::string help, prometheus::MetricType type,
                      std::shared_ptr<const std::vector<Item>> items, Emit emit) {
  return {std::move(name),
          std::move(help),
          type,
          [items = std::move(items), emit = std::move(emit)](Samples& family) {
            for (const Item& item : *items) emit(family, item);
          },
          {}};
}

// Collects samples by family name, in any order.
class FamilyList {
 public:
  // The first call for a name sets its help and type.
  void add(std::string_view name, std::string_view help, prometheus::MetricType type,
           std::initializer_list<LabelView> labels, double value);
  // Returns the families so far and empties the list.
  std::vector<MetricSource> take();

 private:
  struct Family {
    std::string help;
    prometheus::MetricType type{};
    std::vector<std::uint32_t> samples;  // positions in samples_
  };
  std::map<std::string, Family, std::less<>> families_;
  Samples samples_;  // of all families
};

}  // namespace hostnet
