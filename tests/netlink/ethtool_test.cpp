#include "netlink/ethtool.h"

#include <gtest/gtest.h>
#include <linux/ethtool.h>

#include <cstring>
#include <functional>

#include "tests/support/fake_ethtool.h"

namespace hostnet {
namespace {

FakeEthtool one_driver() {
  FakeEthtool ethtool;
  ethtool.devices["eth0"] = {.driver = EthtoolDriver{.driver = "ice",
                                                     .version = "6.1",
                                                     .firmware_version = std::string(40, 'f'),
                                                     .bus_info = "0000:3b:00.0",
                                                     .expansion_rom_version = "1.2"},
                             .link = EthtoolLink{.autonegotiate = true,
                                                 .supported = {{0x80, 1U << 31U}},
                                                 .advertised = {{0x40, 0}}},
                             .statistics = {{{"rx_bytes", 7}, {std::string(32, 'n'), ~0ULL}}},
                             .failure = {}};
  ethtool.devices["lo"] = {};
  return ethtool;
}

// Bends the answers of another one to a command.
class BentEthtool final : public Ethtool {
 public:
  using Bend = std::function<void(std::vector<std::byte>&)>;
  BentEthtool(std::uint32_t command, Bend bend) : command_(command), bend_(std::move(bend)) {}

  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte> request,
                                     std::size_t room) const override {
    auto answer = straight_.ask(device, request, room);
    std::uint32_t command{};
    std::memcpy(&command, request.data(), sizeof command);
    if (answer && command == command_) bend_(*answer);
    return answer;
  }

 private:
  FakeEthtool straight_ = one_driver();
  std::uint32_t command_;
  Bend bend_;
};

BentEthtool::Bend cut_by(std::size_t bytes) {
  return [bytes](std::vector<std::byte>& answer) { answer.resize(answer.size() - bytes); };
}

template <class T>
BentEthtool::Bend put_at(std::size_t offset, T value) {
  return [=](std::vector<std::byte>& answer) {
    std::memcpy(answer.data() + offset, &value, sizeof value);
  };
}

TEST(EthtoolAnswers, AreReadWhole) {
  const auto ethtool = one_driver();
  const auto driver = read_ethtool_driver(ethtool, "eth0").value();
  EXPECT_EQ(driver.driver, "ice");
  EXPECT_EQ(driver.firmware_version, std::string(32, 'f'));  // no NUL: the field is full
  EXPECT_EQ(driver.bus_info, "0000:3b:00.0");
  const auto link = read_ethtool_link(ethtool, "eth0").value();
  EXPECT_EQ(link, *ethtool.devices.at("eth0").link);
  EXPECT_TRUE(link.supported.has(7) && link.supported.has(63));
  EXPECT_FALSE(link.supported.has(64) || link.supported.has(4'000'000'000U));
  EXPECT_EQ(read_ethtool_statistics(ethtool, "eth0").value(),
            *ethtool.devices.at("eth0").statistics);
}

TEST(EthtoolAnswers, AnAbsentDriverIsUnsupportedAndAnAbsentDeviceVanished) {
  const auto ethtool = one_driver();
  EXPECT_EQ(read_ethtool_driver(ethtool, "lo").error().reason, Reason::unsupported);
  EXPECT_EQ(read_ethtool_link(ethtool, "gone").error().reason, Reason::vanished);
  const auto nobody = read_ethtool_statistics(*no_ethtool(), "eth0");
  EXPECT_EQ(nobody.error().message, "asking the driver of eth0: not here");
}

TEST(EthtoolAnswers, LengthsThatDoNotFitAreMalformed) {
  const auto statistics_error = [](const Ethtool& ethtool) {
    const auto read = read_ethtool_statistics(ethtool, "eth0");
    return read ? "" : read.error().message;
  };
  const std::string prefix = "asking the driver of eth0: ";
  const std::string differ = prefix + "names and values of statistics are not of one number";
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSSET_INFO, cut_by(1))),
            prefix + "a short count of statistics");
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSSET_INFO, put_at(16, 0xFFFFFFFFU))),
            prefix + "4294967295 statistics are too many");
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSTRINGS, cut_by(1))), differ);
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSTRINGS, put_at(8, 3U))), differ);
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSTATS, cut_by(1))), differ);
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSTATS, cut_by(24))), differ);
  EXPECT_EQ(statistics_error(BentEthtool(ETHTOOL_GSTATS, put_at(4, 1U))), differ);

  const std::size_t words = offsetof(ethtool_link_settings, link_mode_masks_nwords);
  for (const auto& bend : {cut_by(1), put_at(words, std::int8_t{1}), put_at(words, std::int8_t{0}),
                           put_at(words, std::int8_t{-128})}) {
    const auto read = read_ethtool_link(BentEthtool(ETHTOOL_GLINKSETTINGS, bend), "eth0");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason, Reason::malformed);
  }
  const auto driver = read_ethtool_driver(BentEthtool(ETHTOOL_GDRVINFO, cut_by(1)), "eth0");
  EXPECT_EQ(driver.error().message, prefix + "short driver information");
}

TEST(EthtoolAnswers, ADriverWithoutTheSetHasNoStatistics) {
  const BentEthtool without(ETHTOOL_GSSET_INFO, put_at(8, std::uint64_t{0}));
  EXPECT_TRUE(read_ethtool_statistics(without, "eth0").value().empty());
}

}  // namespace
}  // namespace hostnet
