// 36,036 series, 1,001 devices, as a node with 500 veth pairs has them: our
// writer beside prometheus-cpp's serializer, from the same facts.

#include <benchmark/benchmark.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>
#include <vector>

#include "collectors/exposition/exposition.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

struct BenchDevice {
  std::string name;
  double value;
};

std::vector<MetricSource> bench_sources() {
  auto devices = std::make_shared<std::vector<BenchDevice>>();
  for (int i = 1000; i <= 2000; ++i) {
    devices->push_back({"veth" + std::to_string(i) + "ab", 1'000'003.0 * i});
  }
  const std::shared_ptr<const std::vector<BenchDevice>> shared = devices;
  std::vector<MetricSource> sources;
  for (int i = 10; i < 46; ++i) {
    sources.push_back(per_item("node_network_statistic_" + std::to_string(i) + "_total",
                               "A counter of each device.", kCounter, shared,
                               [](Samples& family, const BenchDevice& device) {
                                 add_sample(family, {{"device", device.name}}, device.value);
                               }));
    sources.back().fill = [shared](prometheus::MetricFamily& family) {
      for (const BenchDevice& device : *shared) {
        auto& metric = family.metric.emplace_back();
        metric.label = {{"device", device.name}};
        metric.counter.value = device.value;
      }
    };
  }
  return sources;
}

void our_writer(benchmark::State& state) {
  const auto sources = bench_sources();
  const auto format = static_cast<ExpositionFormat>(state.range(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    write_exposition(sources, format, [&](std::string_view piece) {
      bytes += piece.size();
      return true;
    });
  }
  state.counters["page"] = static_cast<double>(bytes);
}
BENCHMARK(our_writer)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void text_serializer(benchmark::State& state) {
  const auto sources = bench_sources();
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::vector<prometheus::MetricFamily> families;
    for (const auto& source : sources) {
      auto& family = families.emplace_back();
      family.name = source.name;
      family.help = source.help;
      family.type = source.type;
      source.fill(family);
    }
    std::ostringstream page;
    prometheus::TextSerializer{}.Serialize(page, families);
    bytes = page.str().size();
  }
  state.counters["page"] = static_cast<double>(bytes);
}
BENCHMARK(text_serializer)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostnet
