#include "tests/support/fake_ethtool.h"

#include <linux/ethtool.h>

#include <cstring>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

using Answer = std::vector<std::byte>;

template <class T>
void put_struct(Answer& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <std::size_t N>
void put_text(char (&field)[N], const std::string& text) {
  std::memcpy(field, text.data(), std::min(text.size(), N));
}

Answer driver_answer(const EthtoolDriver& driver) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  put_text(info.driver, driver.driver);
  put_text(info.version, driver.version);
  put_text(info.fw_version, driver.firmware_version);
  put_text(info.bus_info, driver.bus_info);
  put_text(info.erom_version, driver.expansion_rom_version);
  Answer out;
  put_struct(out, info);
  return out;
}

Answer link_answer(const EthtoolLink& link, std::span<const std::byte> request) {
  const auto words = static_cast<__s8>(link.supported.words.size());
  auto settings = copy_of<ethtool_link_settings>(request);
  const bool filled = settings.link_mode_masks_nwords == words;
  settings.link_mode_masks_nwords = filled ? words : static_cast<__s8>(-words);
  settings.autoneg = link.autonegotiate ? AUTONEG_ENABLE : AUTONEG_DISABLE;
  Answer out;
  put_struct(out, settings);
  if (!filled) return out;
  for (const auto word : link.supported.words) put_struct(out, word);
  for (const auto word : link.advertised.words) put_struct(out, word);
  for (std::size_t i = 0; i < link.supported.words.size(); ++i) put_struct(out, std::uint32_t{0});
  return out;
}

Answer count_answer(std::span<const std::byte> request, std::size_t count) {
  Answer out(request.begin(), request.end());
  put_struct(out, static_cast<std::uint32_t>(count));
  return out;
}

Answer names_answer(const std::vector<EthtoolStatistic>& statistics) {
  ethtool_gstrings head{};
  head.cmd = ETHTOOL_GSTRINGS;
  head.string_set = ETH_SS_STATS;
  head.len = static_cast<std::uint32_t>(statistics.size());
  Answer out;
  put_struct(out, head);
  for (const auto& statistic : statistics) {
    char name[ETH_GSTRING_LEN] = {};
    put_text(name, statistic.name);
    put_struct(out, name);
  }
  return out;
}

Answer values_answer(const std::vector<EthtoolStatistic>& statistics) {
  ethtool_stats head{};
  head.cmd = ETHTOOL_GSTATS;
  head.n_stats = static_cast<std::uint32_t>(statistics.size());
  Answer out;
  put_struct(out, head);
  for (const auto& statistic : statistics) put_struct(out, statistic.value);
  return out;
}

}  // namespace

Result<Answer> FakeEthtool::ask(std::string_view device, std::span<const std::byte> request,
                                std::size_t) const {
  const std::string doing = "asking the driver of " + std::string(device);
  const auto at = devices.find(device);
  if (at == devices.end()) return system_failure(ENODEV, doing);
  const Device& known = at->second;
  if (known.failure) return std::unexpected(*known.failure);
  switch (copy_of<std::uint32_t>(request)) {
    case ETHTOOL_GDRVINFO:
      if (known.driver) return driver_answer(*known.driver);
      break;
    case ETHTOOL_GLINKSETTINGS:
      if (known.link) return link_answer(*known.link, request);
      break;
    case ETHTOOL_GSSET_INFO:
      if (known.statistics) return count_answer(request, known.statistics->size());
      break;
    case ETHTOOL_GSTRINGS:
      if (known.statistics) return names_answer(*known.statistics);
      break;
    case ETHTOOL_GSTATS:
      if (known.statistics) return values_answer(*known.statistics);
      break;
    default: break;
  }
  return system_failure(EOPNOTSUPP, doing);
}

}  // namespace hostnet
