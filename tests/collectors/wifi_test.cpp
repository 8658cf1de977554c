#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <map>

#include "netlink/genetlink/nl80211.h"
#include "netlink/node/recording/recorder.h"
#include "netlink/node/recording/replay.h"
#include "tests/collectors/collect.h"
#include "tests/netlink/message_builder.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using ::testing::HasSubstr;
using testing::join;
using ::testing::Not;
using testing::raw;
using testing::text;

constexpr std::uint16_t kFamily = 31;

Bytes generic(std::uint8_t command, const Bytes& attributes, std::uint16_t type = kFamily) {
  return testing::message(type, join(raw(genlmsghdr{command, 1, 0}), attributes));
}

Bytes u32(std::uint32_t value) {
  return raw(value);
}

Bytes ascii(std::string_view value) {
  Bytes out = text(value);
  out.pop_back();
  return out;
}

// Answers by command, and of the commands about one interface by its index.
class WirelessKernel final : public Netlink {
 public:
  using Question = std::pair<std::uint8_t, std::uint32_t>;
  std::map<Question, std::vector<Bytes>> answers;
  std::map<Question, Error> failures;

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    genlmsghdr header{};
    std::memcpy(&header, request.body.data(), sizeof header);
    std::uint32_t index = 0;
    if (request.type == kFamily && request.body.size() == 12) {
      std::memcpy(&index, request.body.data() + 8, sizeof index);
    }
    const Question question{request.type == kFamily ? header.cmd : 0, index};
    if (const auto failed = failures.find(question); failed != failures.end()) {
      return std::unexpected(failed->second);
    }
    for (const auto& message : answers[question]) {
      if (auto done = for_each_message(message, sink.on_message); !done) return done;
    }
    return {};
  }
  Result<> sockets(const SocketQuery&, const SocketSink&) override { return {}; }
  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    return failure(Reason::unsupported, "no events");
  }
};

Bytes interface_message(std::uint32_t index, std::string_view name, std::uint32_t megahertz) {
  Bytes attributes = attribute(NL80211_ATTR_IFINDEX, u32(index));
  if (!name.empty()) attributes = join(attributes, attribute(NL80211_ATTR_IFNAME, text(name)));
  if (megahertz != 0) {
    attributes = join(attributes, attribute(NL80211_ATTR_WIPHY_FREQ, u32(megahertz)));
  }
  return generic(NL80211_CMD_NEW_INTERFACE, attributes);
}

Bytes mac(std::uint8_t last) {
  return raw(std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, last});
}

Bytes station_message(std::uint8_t last, const Bytes& info) {
  return generic(NL80211_CMD_NEW_STATION, join(attribute(NL80211_ATTR_MAC, mac(last)),
                                               attribute(NL80211_ATTR_STA_INFO, info)));
}

Bytes network_message(std::uint8_t last, std::string_view ssid,
                      std::optional<std::uint32_t> status) {
  const Bytes elements =
      join(ascii(std::string("\x01\x02zz", 4)),
           ascii(std::string("\0", 1) + static_cast<char>(ssid.size()) + std::string(ssid)));
  Bytes bss = join(attribute(NL80211_BSS_BSSID, mac(last)),
                   attribute(NL80211_BSS_INFORMATION_ELEMENTS, elements));
  if (status) bss = join(bss, attribute(NL80211_BSS_STATUS, u32(*status)));
  return generic(NL80211_CMD_NEW_SCAN_RESULTS, attribute(NL80211_ATTR_BSS, bss));
}

std::shared_ptr<WirelessKernel> kernel_with_wireless() {
  auto kernel = std::make_shared<WirelessKernel>();
  kernel->answers[{0, 0}] = {generic(CTRL_CMD_NEWFAMILY,
                                     join(attribute(CTRL_ATTR_FAMILY_NAME, text("nl80211")),
                                          attribute(CTRL_ATTR_FAMILY_ID, raw(kFamily))),
                                     GENL_ID_CTRL)};
  kernel->answers[{NL80211_CMD_GET_INTERFACE, 0}] = {
      interface_message(3, "wlan0", 2412), interface_message(4, "", 0),
      interface_message(5, "wlan1", 0), interface_message(6, "adhoc0", 5180)};
  const Bytes rate = attribute(NL80211_RATE_INFO_BITRATE, raw(std::uint16_t{540}));
  const Bytes wide_rate = join(rate, attribute(NL80211_RATE_INFO_BITRATE32, u32(1'300'000)));
  kernel->answers[{NL80211_CMD_GET_STATION, 3}] = {
      station_message(0xab,
                      join(attribute(NL80211_STA_INFO_CONNECTED_TIME, u32(30)),
                           attribute(NL80211_STA_INFO_INACTIVE_TIME, u32(400)),
                           attribute(NL80211_STA_INFO_RX_BYTES, u32(1)),
                           attribute(NL80211_STA_INFO_RX_BYTES64, raw(std::uint64_t{1} << 33U)),
                           attribute(NL80211_STA_INFO_TX_BYTES, u32(77)),
                           attribute(NL80211_STA_INFO_RX_BITRATE, rate),
                           attribute(NL80211_STA_INFO_TX_BITRATE, wide_rate),
                           attribute(NL80211_STA_INFO_RX_PACKETS, u32(5)),
                           attribute(NL80211_STA_INFO_TX_PACKETS, u32(6)),
                           attribute(NL80211_STA_INFO_TX_RETRIES, u32(7)),
                           attribute(NL80211_STA_INFO_TX_FAILED, u32(8)),
                           attribute(NL80211_STA_INFO_BEACON_LOSS, u32(9)),
                           attribute(NL80211_STA_INFO_SIGNAL, raw(std::int8_t{-52})))),
      station_message(0xcd, {})};
  kernel->answers[{NL80211_CMD_GET_SCAN, 3}] = {
      network_message(1, "the neighbours'", std::nullopt),
      network_message(2, "lab \"5\"", NL80211_BSS_STATUS_ASSOCIATED)};
  kernel->failures[{NL80211_CMD_GET_SCAN, 5}] = system_failure(ENETDOWN, "down").error();
  kernel->answers[{NL80211_CMD_GET_SCAN, 6}] = {
      network_message(3, "\xff", NL80211_BSS_STATUS_IBSS_JOINED)};
  return kernel;
}

Node node_with(std::shared_ptr<Netlink> netlink) {
  Node node = NodeBuilder().build();
  node.netlink = std::move(netlink);
  return node;
}

constexpr std::string_view kWifiPage =
    R"(# TYPE node_wifi_interface_frequency_hertz gauge
node_wifi_interface_frequency_hertz{device="adhoc0"} 5.18e+09
node_wifi_interface_frequency_hertz{device="wlan0"} 2.412e+09
node_wifi_interface_frequency_hertz{device="wlan1"} 0
# TYPE node_wifi_station_beacon_loss_total counter
node_wifi_station_beacon_loss_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 9
node_wifi_station_beacon_loss_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_connected_seconds_total counter
node_wifi_station_connected_seconds_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 30
node_wifi_station_connected_seconds_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_inactive_seconds gauge
node_wifi_station_inactive_seconds{device="wlan0",mac_address="02:00:00:00:00:ab"} 0.4
node_wifi_station_inactive_seconds{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_info gauge
node_wifi_station_info{bssid="02:00:00:00:00:02",device="wlan0",mode="client",ssid="lab \"5\""} 1
)"
    "node_wifi_station_info{bssid=\"02:00:00:00:00:03\",device=\"adhoc0\",mode=\"ad-hoc\","
    "ssid=\"\xef\xbf\xbd\"} 1\n"
    R"(# TYPE node_wifi_station_receive_bits_per_second gauge
node_wifi_station_receive_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:ab"} 5.4e+07
node_wifi_station_receive_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_receive_bytes_total counter
node_wifi_station_receive_bytes_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 8.589934592e+09
node_wifi_station_receive_bytes_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_received_packets_total counter
node_wifi_station_received_packets_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 5
node_wifi_station_received_packets_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_signal_dbm gauge
node_wifi_station_signal_dbm{device="wlan0",mac_address="02:00:00:00:00:ab"} -52
node_wifi_station_signal_dbm{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_transmit_bits_per_second gauge
node_wifi_station_transmit_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:ab"} 1.3e+11
node_wifi_station_transmit_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_transmit_bytes_total counter
node_wifi_station_transmit_bytes_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 77
node_wifi_station_transmit_bytes_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_transmit_failed_total counter
node_wifi_station_transmit_failed_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 8
node_wifi_station_transmit_failed_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_transmit_retries_total counter
node_wifi_station_transmit_retries_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 7
node_wifi_station_transmit_retries_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
# TYPE node_wifi_station_transmitted_packets_total counter
node_wifi_station_transmitted_packets_total{device="wlan0",mac_address="02:00:00:00:00:ab"} 6
node_wifi_station_transmitted_packets_total{device="wlan0",mac_address="02:00:00:00:00:cd"} 0
)";

TEST(Wifi, ShowsInterfacesNetworksAndStations) {
  EXPECT_EQ(*TestCollector("wifi").page(node_with(kernel_with_wireless())), kWifiPage);
}

TEST(Wifi, AKernelWithoutWirelessIsUnsupported) {
  auto kernel = std::make_shared<WirelessKernel>();
  kernel->failures[{0, 0}] = system_failure(ENOENT, "finding it").error();
  EXPECT_EQ(TestCollector("wifi").page(node_with(kernel)).error().reason, Reason::unsupported);
  kernel->failures[{0, 0}] = system_failure(EPERM, "finding it").error();
  EXPECT_EQ(TestCollector("wifi").page(node_with(kernel)).error().reason, Reason::denied);
  kernel->failures.clear();
  kernel->answers[{0, 0}] = {generic(CTRL_CMD_NEWFAMILY, {}, GENL_ID_CTRL)};
  EXPECT_EQ(TestCollector("wifi").page(node_with(kernel)).error().message,
            "finding generic netlink's nl80211: an answer without a number");
}

TEST(Wifi, AnswersThatDoNotFitCostTheirInterfaceOnly) {
  auto kernel = kernel_with_wireless();
  Bytes cut = attribute(NL80211_STA_INFO_RX_PACKETS, u32(5));
  cut.resize(cut.size() - 4);
  kernel->answers[{NL80211_CMD_GET_STATION, 3}] = {station_message(0xab, cut)};
  const auto page = *TestCollector("wifi").page(node_with(kernel));
  EXPECT_THAT(page, HasSubstr("node_wifi_interface_frequency_hertz{device=\"wlan0\"}"));
  EXPECT_THAT(page, HasSubstr("node_wifi_station_info{"));
  EXPECT_THAT(page, Not(HasSubstr("mac_address")));
}

TEST(Wifi, ElementsFromTheAirThatDoNotFitHaveNoName) {
  const Bytes elements = ascii(std::string("\x01\x01z\0\x09lab", 8));
  const Bytes whole = generic(
      NL80211_CMD_NEW_SCAN_RESULTS,
      attribute(NL80211_ATTR_BSS, join(attribute(NL80211_BSS_INFORMATION_ELEMENTS, elements),
                                       attribute(NL80211_BSS_STATUS, u32(77)))));
  const auto network =
      decode_wifi_network({.type = kFamily, .payload = std::span(whole).subspan(sizeof(nlmsghdr))});
  EXPECT_EQ(network.value().value(),
            (WifiNetwork{.bssid = "", .ssid = "", .status = WifiNetworkStatus::other}));
}

TEST(Wifi, ARecordingHasWhatNl80211Said) {
  const TemporaryDirectory directory;
  auto recorder = record_node(node_with(kernel_with_wireless()), directory / "node");
  ASSERT_TRUE(recorder);
  const TestCollector collector("wifi");
  ASSERT_TRUE(collector.page((*recorder)->node()));
  ASSERT_TRUE((*recorder)->finish());
  const auto replayed = replayed_node(directory / "node");
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*collector.page(*replayed), kWifiPage);
}

}  // namespace
}  // namespace hostnet
