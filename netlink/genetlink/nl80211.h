#pragma once

// Wireless devices over generic netlink (include/uapi/linux/nl80211.h). Reading needs
// no capability.
//
// decode_*: one message of the answer into one fact. Unset: the message contains
// none (a network that is in range but not joined). Reason::malformed: lengths that
// do not fit. Values that a driver does not report are 0.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

struct WifiInterface {
  std::uint32_t index{};
  std::string name;  // empty for a device without a network interface (P2P)
  std::uint32_t frequency_mhz{};
  bool operator==(const WifiInterface&) const = default;
};

// A peer: the access point of a client, or a client of an access point.
struct WifiStation {
  std::string mac;  // "02:00:00:00:00:01"
  std::uint32_t connected_seconds{}, inactive_ms{};
  std::uint64_t rx_bytes{}, tx_bytes{};
  std::uint64_t rx_bits_per_second{}, tx_bits_per_second{};
  std::uint32_t rx_packets{}, tx_packets{}, tx_retries{}, tx_failed{}, beacon_loss{};
  std::int8_t signal_dbm{};
  bool operator==(const WifiStation&) const = default;
};

enum class WifiNetworkStatus : std::uint8_t { authenticated, associated, ibss_joined, other };

// The network that an interface has joined.
struct WifiNetwork {
  std::string bssid;
  std::string ssid;  // any bytes, at most 255
  WifiNetworkStatus status{};
  bool operator==(const WifiNetwork&) const = default;
};

Result<std::optional<WifiInterface>> decode_wifi_interface(const NetlinkMessage& message);
Result<std::optional<WifiStation>> decode_wifi_station(const NetlinkMessage& message);
Result<std::optional<WifiNetwork>> decode_wifi_network(const NetlinkMessage& message);

// `family`: from find_generic_family() for "nl80211".
Result<std::vector<WifiInterface>> read_wifi_interfaces(Netlink& netlink, std::uint16_t family);
Result<std::vector<WifiStation>> read_wifi_stations(Netlink& netlink, std::uint16_t family,
                                                    std::uint32_t interface);
// Unset while the interface has not joined a network.
Result<std::optional<WifiNetwork>> read_wifi_network(Netlink& netlink, std::uint16_t family,
                                                     std::uint32_t interface);

}  // namespace hostnet
