#include "netlink/genetlink/nl80211.h"

#include <fmt/format.h>
#include <linux/nl80211.h>

#include "netlink/attributes.h"
#include "netlink/genetlink/generic_netlink.h"
#include "netlink/read_facts.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kBitsPerUnit = 100'000;  // NL80211_RATE_INFO_BITRATE is in 100 kbit/s
constexpr std::uint8_t kSsidElement = 0;         // IEEE 802.11-2020, table 9-92

using WifiAttributes = AttributeTable<NL80211_ATTR_BSS>;
using StationAttributes = AttributeTable<NL80211_STA_INFO_BEACON_LOSS + 16>;

std::string mac_of(std::span<const std::byte> bytes) {
  return hardware_address(bytes.first(std::min<std::size_t>(bytes.size(), 32)));
}

Result<std::uint64_t> bits_per_second(std::span<const std::byte> rate) {
  const auto attributes = AttributeTable<NL80211_RATE_INFO_BITRATE32>::of(rate);
  if (!attributes) return std::unexpected(attributes.error());
  const std::uint32_t narrow = attributes->get_or<std::uint16_t>(NL80211_RATE_INFO_BITRATE, 0);
  return attributes->get_or<std::uint32_t>(NL80211_RATE_INFO_BITRATE32, narrow) * kBitsPerUnit;
}

// An element is an id, a length and that many bytes. One that does not fit ends
// the list: the data was sent over the air by a stranger.
std::string ssid_in(std::span<const std::byte> elements) {
  while (elements.size() >= 2) {
    const auto id = std::to_integer<std::uint8_t>(elements[0]);
    const auto length = std::to_integer<std::size_t>(elements[1]);
    if (length > elements.size() - 2) break;
    const auto value = elements.subspan(2, length);
    if (id == kSsidElement) {
      std::string ssid(value.size(), '\0');
      if (!ssid.empty()) std::memcpy(ssid.data(), value.data(), value.size());
      return ssid;
    }
    elements = elements.subspan(2 + length);
  }
  return {};
}

WifiNetworkStatus network_status(std::uint32_t status) {
  switch (status) {
    case NL80211_BSS_STATUS_AUTHENTICATED: return WifiNetworkStatus::authenticated;
    case NL80211_BSS_STATUS_ASSOCIATED: return WifiNetworkStatus::associated;
    case NL80211_BSS_STATUS_IBSS_JOINED: return WifiNetworkStatus::ibss_joined;
    default: return WifiNetworkStatus::other;
  }
}

NetlinkRequest of_interface(std::uint16_t family, std::uint8_t command, std::uint32_t interface,
                            std::string_view what) {
  auto request = generic_request(family, command, NLM_F_DUMP,
                                 fmt::format("listing {} of interface {}", what, interface));
  request.attribute(NL80211_ATTR_IFINDEX, interface);
  return std::move(request).build();
}

}  // namespace

Result<std::optional<WifiInterface>> decode_wifi_interface(const NetlinkMessage& message) {
  const auto attributes = WifiAttributes::of(generic_attributes(message));
  if (!attributes) return std::unexpected(attributes.error());
  return WifiInterface{
      .index = attributes->get_or<std::uint32_t>(NL80211_ATTR_IFINDEX, 0),
      .name = attributes->text(NL80211_ATTR_IFNAME),
      .frequency_mhz = attributes->get_or<std::uint32_t>(NL80211_ATTR_WIPHY_FREQ, 0)};
}

Result<std::optional<WifiStation>> decode_wifi_station(const NetlinkMessage& message) {
  const auto attributes = WifiAttributes::of(generic_attributes(message));
  if (!attributes) return std::unexpected(attributes.error());
  if (!attributes->has(NL80211_ATTR_STA_INFO)) return std::nullopt;
  const auto info = StationAttributes::of((*attributes)[NL80211_ATTR_STA_INFO]);
  if (!info) return std::unexpected(info.error());
  const auto rx_rate = bits_per_second((*info)[NL80211_STA_INFO_RX_BITRATE]);
  if (!rx_rate) return std::unexpected(rx_rate.error());
  const auto tx_rate = bits_per_second((*info)[NL80211_STA_INFO_TX_BITRATE]);
  if (!tx_rate) return std::unexpected(tx_rate.error());
  const auto u32 = [&](std::size_t type) { return info->get_or<std::uint32_t>(type, 0); };
  return WifiStation{.mac = mac_of((*attributes)[NL80211_ATTR_MAC]),
                     .connected_seconds = u32(NL80211_STA_INFO_CONNECTED_TIME),
                     .inactive_ms = u32(NL80211_STA_INFO_INACTIVE_TIME),
                     .rx_bytes = info->get_or<std::uint64_t>(NL80211_STA_INFO_RX_BYTES64,
                                                             u32(NL80211_STA_INFO_RX_BYTES)),
                     .tx_bytes = info->get_or<std::uint64_t>(NL80211_STA_INFO_TX_BYTES64,
                                                             u32(NL80211_STA_INFO_TX_BYTES)),
                     .rx_bits_per_second = *rx_rate,
                     .tx_bits_per_second = *tx_rate,
                     .rx_packets = u32(NL80211_STA_INFO_RX_PACKETS),
                     .tx_packets = u32(NL80211_STA_INFO_TX_PACKETS),
                     .tx_retries = u32(NL80211_STA_INFO_TX_RETRIES),
                     .tx_failed = u32(NL80211_STA_INFO_TX_FAILED),
                     .beacon_loss = u32(NL80211_STA_INFO_BEACON_LOSS),
                     .signal_dbm = info->get_or<std::int8_t>(NL80211_STA_INFO_SIGNAL, 0)};
}

Result<std::optional<WifiNetwork>> decode_wifi_network(const NetlinkMessage& message) {
  const auto attributes = WifiAttributes::of(generic_attributes(message));
  if (!attributes) return std::unexpected(attributes.error());
  const auto bss = AttributeTable<NL80211_BSS_STATUS>::of((*attributes)[NL80211_ATTR_BSS]);
  if (!bss) return std::unexpected(bss.error());
  // Only the network that the interface has joined has a status.
  const auto status = bss->get<std::uint32_t>(NL80211_BSS_STATUS);
  if (!status) return std::nullopt;
  return WifiNetwork{.bssid = mac_of((*bss)[NL80211_BSS_BSSID]),
                     .ssid = ssid_in((*bss)[NL80211_BSS_INFORMATION_ELEMENTS]),
                     .status = network_status(*status)};
}

Result<std::vector<WifiInterface>> read_wifi_interfaces(Netlink& netlink, std::uint16_t family) {
  auto request =
      generic_request(family, NL80211_CMD_GET_INTERFACE, NLM_F_DUMP, "listing wireless interfaces");
  return read_facts<WifiInterface>(netlink, std::move(request).build(), decode_wifi_interface);
}

Result<std::vector<WifiStation>> read_wifi_stations(Netlink& netlink, std::uint16_t family,
                                                    std::uint32_t interface) {
  return read_facts<WifiStation>(
      netlink, of_interface(family, NL80211_CMD_GET_STATION, interface, "wireless stations"),
      decode_wifi_station);
}

Result<std::optional<WifiNetwork>> read_wifi_network(Netlink& netlink, std::uint16_t family,
                                                     std::uint32_t interface) {
  auto networks = read_facts<WifiNetwork>(
      netlink, of_interface(family, NL80211_CMD_GET_SCAN, interface, "wireless networks"),
      decode_wifi_network);
  if (!networks) return std::unexpected(std::move(networks).error());
  if (networks->empty()) return std::nullopt;
  return std::move(networks->front());
}

}  // namespace hostnet
