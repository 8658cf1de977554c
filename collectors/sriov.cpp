// Virtual functions of SR-IOV devices: their settings and counters as the physical
// device reports them with its link (IFLA_VFINFO_LIST), including those used by a pod
// or a virtual machine; their current and possible number, and their PCI addresses,
// from sysfs (Documentation/ABI/testing/sysfs-bus-pci).

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 2> kSriovFlags = {{
    {"sriov.device-include", CollectorFlag::Kind::text, "",
     "regular expression of physical devices to include"},
    {"sriov.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of physical devices to exclude"},
}};

struct SriovCounter {
  std::string_view name, help;
  std::uint64_t VirtualFunctionStats::* value;
};

// Directions are from the function's view: received by it, sent by it.
constexpr std::array<SriovCounter, 8> kSriovCounters = {{
    {"receive_bytes", "Bytes that a virtual function received.", &VirtualFunctionStats::rx_bytes},
    {"receive_packets", "Packets that a virtual function received.",
     &VirtualFunctionStats::rx_packets},
    {"receive_broadcast_packets", "Broadcast packets that a virtual function received.",
     &VirtualFunctionStats::broadcast},
    {"receive_multicast_packets", "Multicast packets that a virtual function received.",
     &VirtualFunctionStats::multicast},
    {"receive_dropped", "Packets to a virtual function that were dropped.",
     &VirtualFunctionStats::rx_dropped},
    {"transmit_bytes", "Bytes that a virtual function sent.", &VirtualFunctionStats::tx_bytes},
    {"transmit_packets", "Packets that a virtual function sent.",
     &VirtualFunctionStats::tx_packets},
    {"transmit_dropped", "Packets of a virtual function that were dropped.",
     &VirtualFunctionStats::tx_dropped},
}};

std::string_view switch_text(const std::optional<bool>& on) {
  return !on ? "" : *on ? "on" : "off";
}

// IFLA_VF_LINK_STATE_*, as ip-link(8) calls them.
std::string_view link_state_text(const std::optional<std::uint32_t>& state) {
  constexpr std::array<std::string_view, 3> kStates = {"auto", "enable", "disable"};
  return state && *state < kStates.size() ? kStates[*state] : "";
}

// "0000:3b:02.1", the target of the link device/virtfn1.
std::string pci_address(const Files& files, std::string_view device, std::uint32_t function) {
  const auto target = files.link(fmt::format("sys/class/net/{}/device/virtfn{}", device, function));
  return target ? target->substr(target->rfind('/') + 1) : std::string{};
}

void add_function(FamilyList& families, const Files& files, const std::string& device,
                  std::string_view numa_node, const VirtualFunction& function) {
  const std::string number = std::to_string(function.index);
  families.add("hostnet_sriov_vf_info", "A virtual function and how it is set.", kGauge,
               {{"device", device},
                {"link_state", link_state_text(function.link_state)},
                {"mac", function.mac},
                {"numa_node", numa_node},
                {"pci_address", pci_address(files, device, function.index)},
                {"spoof_check", switch_text(function.spoof_check)},
                {"trust", switch_text(function.trust)},
                {"vf", number},
                {"vlan", function.vlan ? std::to_string(*function.vlan) : ""}},
               1);
  if (!function.stats) return;
  for (const auto& counter : kSriovCounters) {
    families.add(fmt::format("hostnet_sriov_vf_{}_total", counter.name), counter.help, kCounter,
                 {{"device", device}, {"vf", number}},
                 static_cast<double>((*function.stats).*counter.value));
  }
}

// Whether the device has SR-IOV at all. An unreadable device has not.
bool add_device(FamilyList& families, const Files& files, const Link& link) {
  const std::string directory = fmt::format("sys/class/net/{}/device", link.name);
  const auto limit = read_u64(files, directory + "/sriov_totalvfs");
  if (!limit && link.virtual_functions.empty()) return false;
  const auto add = [&](std::string_view name, std::string_view help, double value) {
    families.add(name, help, kGauge, {{"device", link.name}}, value);
  };
  if (limit) {
    add("hostnet_sriov_vfs_limit", "Virtual functions that a device may have.",
        static_cast<double>(*limit));
  }
  const auto count = read_u64(files, directory + "/sriov_numvfs");
  add("hostnet_sriov_vfs", "Virtual functions that a device has.",
      static_cast<double>(count ? *count : link.virtual_functions.size()));
  const auto numa_node = read_value(files, directory + "/numa_node");
  const std::string_view node = numa_node && *numa_node != "-1" ? *numa_node : std::string_view{};
  for (const auto& function : link.virtual_functions) {
    add_function(families, files, link.name, node, function);
  }
  return true;
}

Result<Collect> make_sriov(const CollectorOptions& options) {
  auto made = DeviceFilter::from_options(options, "sriov");
  if (!made) return std::unexpected(std::move(made).error());
  const auto filter = std::make_shared<const DeviceFilter>(std::move(*made));
  return [filter](Scrape& scrape) -> Result<std::vector<MetricSource>> {
    const auto links = scrape.links();
    if (!links) return std::unexpected(links.error());
    const Files& files = *scrape.node().files;
    FamilyList families;
    bool any = false;
    for (const Link& link : **links) {
      // A link with a kind was created by software: it has no PCI device.
      if (!link.kind.empty() || !filter->keeps(link.name)) continue;
      any = add_device(families, files, link) || any;
    }
    if (!any)
      return failure(Reason::unsupported, "listing virtual functions: no device has SR-IOV");
    return families.take();
  };
}

}  // namespace

Collector sriov_collector() {
  return {.name = "sriov",
          .help = "SR-IOV virtual functions: settings and counters",
          .enabled_by_default = true,
          .flags = kSriovFlags,
          .make = make_sriov};
}

}  // namespace hostnet
