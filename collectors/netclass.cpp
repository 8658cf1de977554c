// The identity and settings of each interface, from the scrape's link dump; sysfs only
// for what netlink lacks, or for everything if netlink is refused.

#include <array>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/netclass_device.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 3> kNetclassFlags = {{
    {"netclass.ignored-devices", CollectorFlag::Kind::text, "^$",
     "regular expression of devices to exclude"},
    {"netclass.ignore-invalid-speed", CollectorFlag::Kind::boolean, "false",
     "accepted for compatibility with node_exporter; an unknown speed is never exported"},
    {"netclass.netlink", CollectorFlag::Kind::boolean, "false",
     "accepted for compatibility with node_exporter; netlink is always tried first"},
}};

struct NetclassNumber {
  std::string_view name;  // node_network_<name>
  std::string_view help;
  prometheus::MetricType type;
  NetclassDevice::Number NetclassDevice::* value;
};

constexpr std::array<NetclassNumber, 16> kNetclassNumbers = {{
    {"address_assign_type", "Where the address is from: 0 permanent, 1 random, 2 taken, 3 set.",
     kGauge, &NetclassDevice::address_assign_type},
    {"carrier", "Whether the link has a carrier.", kGauge, &NetclassDevice::carrier},
    {"carrier_changes_total", "Times that the carrier came or went.", kCounter,
     &NetclassDevice::carrier_changes},
    {"carrier_down_changes_total", "Times that the carrier went.", kCounter,
     &NetclassDevice::carrier_down},
    {"carrier_up_changes_total", "Times that the carrier came.", kCounter,
     &NetclassDevice::carrier_up},
    {"device_id", "The number of a device that shares its address with others.", kGauge,
     &NetclassDevice::device_id},
    {"dormant", "Whether the link waits for something outside, as 802.1X.", kGauge,
     &NetclassDevice::dormant},
    {"flags", "The flags IFF_*, as /sys/class/net/<device>/flags has them.", kGauge,
     &NetclassDevice::flags},
    {"iface_id", "The interface's index.", kGauge, &NetclassDevice::index},
    {"iface_link", "The index of the interface below, its own where there is none.", kGauge,
     &NetclassDevice::link},
    {"iface_link_mode", "How the operational state is set: 0 default, 1 dormant.", kGauge,
     &NetclassDevice::link_mode},
    {"mtu_bytes", "The largest packet that the device sends.", kGauge, &NetclassDevice::mtu},
    {"name_assign_type", "Who chose the name: 1 kernel, 2 predictable, 3 user, 4 renamed.", kGauge,
     &NetclassDevice::name_assign_type},
    {"net_dev_group", "The group the device is in.", kGauge, &NetclassDevice::group},
    {"protocol_type", "The link's protocol, ARPHRD_*.", kGauge, &NetclassDevice::type},
    {"transmit_queue_length", "Packets that the transmit queue holds.", kGauge,
     &NetclassDevice::queue_length},
}};

using NetclassDevices = std::shared_ptr<const std::vector<NetclassDevice>>;

void add_netclass_numbers(std::vector<MetricSource>& families, const NetclassDevices& devices) {
  for (const auto& number : kNetclassNumbers) {
    const auto emit = [value = number.value](Samples& family, const NetclassDevice& device) {
      if (const auto& is = device.*value) {
        add_sample(family, {{"device", device.name}}, static_cast<double>(*is));
      }
    };
    families.push_back(per_item(joined({"node_network_", number.name}), std::string(number.help),
                                number.type, devices, emit));
  }
}

void add_netclass_states(std::vector<MetricSource>& families, const NetclassDevices& devices) {
  families.push_back(per_item("node_network_up", "Whether the operational state is up.", kGauge,
                              devices, [](Samples& family, const NetclassDevice& device) {
                                add_sample(family, {{"device", device.name}},
                                           device.operstate == "up" ? 1 : 0);
                              }));
  families.push_back(per_item("node_network_speed_bytes",
                              "The link's speed in bytes per second, where known.", kGauge, devices,
                              [](Samples& family, const NetclassDevice& device) {
                                constexpr double kBytesPerMegabit = 1e6 / 8;
                                if (!device.speed) return;
                                add_sample(family, {{"device", device.name}},
                                           static_cast<double>(*device.speed) * kBytesPerMegabit);
                              }));
  families.push_back(per_item("node_network_info",
                              "Addresses and states of each interface as labels.", kGauge, devices,
                              [](Samples& family, const NetclassDevice& device) {
                                const char* admin = "unknown";
                                if (device.flags) admin = (*device.flags & 1) != 0 ? "up" : "down";
                                add_sample(family,
                                           {{"address", device.address},
                                            {"adminstate", admin},
                                            {"broadcast", device.broadcast},
                                            {"device", device.name},
                                            {"duplex", device.duplex},
                                            {"ifalias", device.alias},
                                            {"operstate", device.operstate}},
                                           1);
                              }));
  families.push_back(per_item("node_network_altnames_info", "Other names of each interface.",
                              kGauge, devices, [](Samples& family, const NetclassDevice& device) {
                                for (const std::string& name : device.alternative_names) {
                                  add_sample(family, {{"altname", name}, {"device", device.name}},
                                             1);
                                }
                              }));
}

struct Netclass {
  Pattern ignored;
  SysfsAttributes attributes;

  Result<std::vector<NetclassDevice>> devices_of(const std::vector<Link>& links,
                                                 const Scrape& scrape);
  Result<std::vector<MetricSource>> collect(Scrape& scrape);
};

Result<std::vector<NetclassDevice>> Netclass::devices_of(const std::vector<Link>& links,
                                                         const Scrape& scrape) {
  const Node& node = scrape.node();
  std::vector<NetclassDevice> devices;
  devices.reserve(links.size());
  for (const Link& link : links) {
    if (ignored.found_in(link.name)) continue;
    const SteadyTime now = node.clock->steady();
    // The reads so far are kept, so the next scrape gets further.
    if (now > scrape.deadline()) {
      return failure(Reason::timeout, "reading sys/class/net: too many devices for the time");
    }
    devices.push_back(netclass_device(link));
    attributes.complete(devices.back(), link, *node.files, now);
  }
  attributes.end_round();
  return devices;
}

Result<std::vector<MetricSource>> Netclass::collect(Scrape& scrape) {
  const auto links = scrape.links();
  if (!links && links.error().reason == Reason::timeout) return std::unexpected(links.error());
  auto read = links ? devices_of(**links, scrape) : read_sysfs_devices(*scrape.node().files);
  if (!read) return std::unexpected(std::move(read).error());
  if (!links) {
    std::erase_if(*read,
                  [&](const NetclassDevice& device) { return ignored.found_in(device.name); });
  }
  const auto devices = std::make_shared<const std::vector<NetclassDevice>>(std::move(*read));
  std::vector<MetricSource> families;
  add_netclass_numbers(families, devices);
  add_netclass_states(families, devices);
  families.push_back(live_source("netclass", links ? "netlink" : "sysfs"));
  return families;
}

Result<Collect> make_netclass(const CollectorOptions& options) {
  auto ignored =
      Pattern::compile("netclass.ignored-devices", options.text("netclass.ignored-devices"));
  if (!ignored) return std::unexpected(std::move(ignored).error());
  const auto netclass = std::make_shared<Netclass>(std::move(*ignored));
  return [netclass](Scrape& scrape) { return netclass->collect(scrape); };
}

}  // namespace

Collector netclass_collector() {
  return {.name = "netclass",
          .help = "attributes of network interfaces (/sys/class/net)",
          .enabled_by_default = true,
          .flags = kNetclassFlags,
          .make = make_netclass};
}

}  // namespace hostnet
