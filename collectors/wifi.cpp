// Wireless interfaces: frequency, network and stations, from nl80211.

#include <fmt/format.h>

#include <array>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "netlink/genetlink/generic_netlink.h"
#include "netlink/genetlink/nl80211.h"

namespace hostnet {
namespace {

struct WifiFamily {
  std::string_view name, help;
  prometheus::MetricType type;
  double (*value)(const WifiStation&);
};

constexpr std::array<WifiFamily, 12> kStationFamilies = {{
    {"connected_seconds_total", "Seconds since the station connected.", kCounter,
     [](const WifiStation& s) { return double(s.connected_seconds); }},
    {"inactive_seconds", "Seconds since the station was last heard.", kGauge,
     [](const WifiStation& s) { return s.inactive_ms / 1e3; }},
    {"receive_bits_per_second", "Rate of what was last received from the station.", kGauge,
     [](const WifiStation& s) { return static_cast<double>(s.rx_bits_per_second); }},
    {"transmit_bits_per_second", "Rate of what was last sent to the station.", kGauge,
     [](const WifiStation& s) { return static_cast<double>(s.tx_bits_per_second); }},
    {"receive_bytes_total", "Bytes received from the station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.rx_bytes); }},
    {"transmit_bytes_total", "Bytes sent to the station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.tx_bytes); }},
    {"received_packets_total", "Packets received from the station.", kCounter,
     [](const WifiStation& s) { return double(s.rx_packets); }},
    {"transmitted_packets_total", "Packets sent to the station.", kCounter,
     [](const WifiStation& s) { return double(s.tx_packets); }},
    {"signal_dbm", "Strength of the station's signal, in decibels of a milliwatt.", kGauge,
     [](const WifiStation& s) { return double(s.signal_dbm); }},
    {"transmit_retries_total", "Packets sent to the station again.", kCounter,
     [](const WifiStation& s) { return double(s.tx_retries); }},
    {"transmit_failed_total", "Packets that could not be sent to the station.", kCounter,
     [](const WifiStation& s) { return double(s.tx_failed); }},
    {"beacon_loss_total", "Times that the station's beacons were lost.", kCounter,
     [](const WifiStation& s) { return double(s.beacon_loss); }},
}};

std::string_view wifi_mode(WifiNetworkStatus status) {
  switch (status) {
    case WifiNetworkStatus::authenticated:
    case WifiNetworkStatus::associated: return "client";
    case WifiNetworkStatus::ibss_joined: return "ad-hoc";
    case WifiNetworkStatus::other: return "unknown";
  }
  return "unknown";
}

// An interface that is down, or gone in the meantime, or whose driver does not report
// them, only lacks its stations and its network.
void add_wifi_interface(FamilyList& families, Netlink& netlink, std::uint16_t family,
                        const WifiInterface& interface) {
  families.add("node_wifi_interface_frequency_hertz",
               "Frequency of a wireless interface; 0 while it has none.", kGauge,
               {{"device", interface.name}}, interface.frequency_mhz * 1e6);
  if (const auto network = read_wifi_network(netlink, family, interface.index);
      network && *network) {
    families.add("node_wifi_station_info", "The network that a wireless interface is part of.",
                 kGauge,
                 {{"bssid", (*network)->bssid},
                  {"device", interface.name},
                  {"mode", wifi_mode((*network)->status)},
                  {"ssid", (*network)->ssid}},
                 1);
  }
  const auto stations = read_wifi_stations(netlink, family, interface.index);
  if (!stations) return;
  for (const auto& station : *stations) {
    for (const auto& row : kStationFamilies) {
      families.add(fmt::format("node_wifi_station_{}", row.name), row.help, row.type,
                   {{"device", interface.name}, {"mac_address", station.mac}}, row.value(station));
    }
  }
}

Result<Collect> make_wifi(const CollectorOptions&) {
  return [](Scrape& scrape) -> Result<std::vector<MetricSource>> {
    Netlink& netlink = *scrape.node().netlink;
    const auto family = find_generic_family(netlink, "nl80211");
    if (!family) return std::unexpected(family.error());
    const auto interfaces = read_wifi_interfaces(netlink, *family);
    if (!interfaces) return std::unexpected(interfaces.error());
    FamilyList families;
    for (const auto& interface : *interfaces) {
      if (!interface.name.empty()) add_wifi_interface(families, netlink, *family, interface);
    }
    return families.take();
  };
}

}  // namespace

Collector wifi_collector() {
  return {.name = "wifi",
          .help = "wireless interfaces, their networks and stations",
          .enabled_by_default = false,
          .make = make_wifi};
}

}  // namespace hostnet
