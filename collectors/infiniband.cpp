// Ports of InfiniBand and RoCE adapters from sysfs
// (Documentation/ABI/stable/sysfs-class-infiniband).

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"
#include "collectors/infiniband_counters.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 2> kInfinibandFlags = {{
    {"infiniband.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"infiniband.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
}};

// "4: ACTIVE"
std::optional<double> infiniband_state(const Files& files, const std::string& path) {
  const auto text = read_value(files, path);
  if (!text) return std::nullopt;
  const auto state =
      parse_number<std::uint32_t>(std::string_view(*text).substr(0, text->find(':')));
  return state ? std::optional(static_cast<double>(*state)) : std::nullopt;
}

// "2.5 Gb/sec (1X SDR)"
std::optional<double> infiniband_rate(const Files& files, const std::string& path) {
  constexpr double kBytesPerGigabit = 1e9 / 8;
  const auto text = read_value(files, path);
  if (!text) return std::nullopt;
  const auto rate = parse_number<double>(std::string_view(*text).substr(0, text->find(' ')));
  return rate && std::isfinite(*rate) ? std::optional(*rate * kBytesPerGigabit) : std::nullopt;
}

void add_infiniband_port(FamilyList& families, const Files& files, std::string_view device,
                         std::string_view port) {
  const auto directory = fmt::format("sys/class/infiniband/{}/ports/{}", device, port);
  const auto add = [&](std::string_view name, std::string_view help, prometheus::MetricType type,
                       double value) {
    families.add(fmt::format("node_infiniband_{}", name), help, type,
                 {{"device", device}, {"port", port}}, value);
  };
  if (const auto state = infiniband_state(files, directory + "/state")) {
    add("state_id", "The port's state: 1 down, 2 initialising, 3 armed, 4 active, 5 deferred.",
        kGauge, *state);
  }
  if (const auto state = infiniband_state(files, directory + "/phys_state")) {
    add("physical_state_id", "The port's physical state: 2 polling, 3 disabled, 5 link up...",
        kGauge, *state);
  }
  if (const auto rate = infiniband_rate(files, directory + "/rate")) {
    add("rate_bytes_per_second", "The port's rate.", kGauge, *rate);
  }
  for (const auto& counter : kInfinibandCounters) {
    // A file that the driver lacks, denies or fills with "N/A (no PMA)".
    const auto value = read_u64(files, fmt::format("{}/{}", directory, counter.file));
    if (!value) continue;
    add(counter.name, fmt::format("The port's counter {}.", counter.file), kCounter,
        static_cast<double>(*value * counter.factor));
  }
  if (const auto age = read_u64(files, directory + "/hw_counters/lifespan")) {
    constexpr double kMilliseconds = 1000;
    add("lifespan_seconds", "How long the hardware's counters are kept before they are read again.",
        kGauge, static_cast<double>(*age) / kMilliseconds);
  }
}

Result<std::vector<MetricSource>> collect_infiniband(const DeviceFilter& filter,
                                                     const Files& files) {
  const auto devices = or_unsupported(files.list("sys/class/infiniband"));
  if (!devices) return std::unexpected(devices.error());
  FamilyList families;
  for (const std::string& device : *devices) {
    if (!filter.keeps(device)) continue;
    const std::string directory = "sys/class/infiniband/" + device;
    const auto text = [&](std::string_view name) {
      return read_value(files, fmt::format("{}/{}", directory, name)).value_or(std::string{});
    };
    const auto ports = files.list(directory + "/ports");
    if (!ports) continue;  // gone in the meantime
    families.add("node_infiniband_info", "The model and firmware of each adapter.", kGauge,
                 {{"board_id", text("board_id")},
                  {"device", device},
                  {"firmware_version", text("fw_ver")},
                  {"hca_type", text("hca_type")}},
                 1);
    for (const std::string& port : *ports) add_infiniband_port(families, files, device, port);
  }
  return families.take();
}

Result<Collect> make_infiniband(const CollectorOptions& options) {
  auto filter = DeviceFilter::from_options(options, "infiniband");
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto shown = std::make_shared<const DeviceFilter>(std::move(*filter));
  return [shown](Scrape& scrape) { return collect_infiniband(*shown, *scrape.node().files); };
}

}  // namespace

Collector infiniband_collector() {
  return {.name = "infiniband",
          .help = "ports of InfiniBand and RoCE adapters",
          .enabled_by_default = true,
          .flags = kInfinibandFlags,
          .make = make_infiniband};
}

}  // namespace hostnet
