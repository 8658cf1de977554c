#include "netlink/ethtool.h"

#include <fmt/format.h>
#include <linux/ethtool.h>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

// More than any driver has: a thousand queues with sixty counters each.
constexpr std::uint32_t kMostStatistics = 65'536;

class NoEthtool final : public Ethtool {
 public:
  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte>,
                                     std::size_t) const override {
    return failure(Reason::unsupported, fmt::format("asking the driver of {}: not here", device));
  }
};

template <class T>
Result<std::vector<std::byte>> ask_for(const Ethtool& ethtool, std::string_view device,
                                       const T& request, std::size_t room = 0) {
  return ethtool.ask(device, std::as_bytes(std::span(&request, 1)), room);
}

std::unexpected<Error> wrong_answer(std::string_view device, std::string_view what) {
  return failure(Reason::malformed, fmt::format("asking the driver of {}: {}", device, what));
}

// The `count` elements of `size` bytes after a header; empty if they are not all
// present.
std::span<const std::byte> elements(std::span<const std::byte> answer, std::size_t head,
                                    std::size_t count, std::size_t size) {
  if (answer.size() < head || (answer.size() - head) / size < count) return {};
  return answer.subspan(head, count * size);
}

std::string fixed_text(std::span<const char> field) {
  return AttributeTable<0>::text_of(std::as_bytes(field));
}

LinkModes modes_of(std::span<const std::byte> words) {
  LinkModes modes;
  for (; words.size() >= sizeof(std::uint32_t); words = words.subspan(sizeof(std::uint32_t))) {
    modes.words.push_back(copy_of<std::uint32_t>(words));
  }
  return modes;
}

Result<std::uint32_t> statistics_count(const Ethtool& ethtool, std::string_view device) {
  ethtool_sset_info request{};
  request.cmd = ETHTOOL_GSSET_INFO;
  request.sset_mask = std::uint64_t{1} << ETH_SS_STATS;
  const auto answer = ask_for(ethtool, device, request, sizeof(std::uint32_t));
  if (!answer) return std::unexpected(answer.error());
  if (copy_of<ethtool_sset_info>(*answer).sset_mask == 0) return 0;
  const auto counts = elements(*answer, sizeof request, 1, sizeof(std::uint32_t));
  if (counts.empty()) return wrong_answer(device, "a short count of statistics");
  const auto count = copy_of<std::uint32_t>(counts);
  if (count > kMostStatistics) {
    return wrong_answer(device, fmt::format("{} statistics are too many", count));
  }
  return count;
}

}  // namespace

std::shared_ptr<const Ethtool> no_ethtool() {
  static const auto kNone = std::make_shared<const NoEthtool>();
  return kNone;
}

Result<EthtoolDriver> read_ethtool_driver(const Ethtool& ethtool, std::string_view device) {
  ethtool_drvinfo request{};
  request.cmd = ETHTOOL_GDRVINFO;
  const auto answer = ask_for(ethtool, device, request);
  if (!answer) return std::unexpected(answer.error());
  if (answer->size() < sizeof request) return wrong_answer(device, "short driver information");
  const auto info = copy_of<ethtool_drvinfo>(*answer);
  return EthtoolDriver{.driver = fixed_text(info.driver),
                       .version = fixed_text(info.version),
                       .firmware_version = fixed_text(info.fw_version),
                       .bus_info = fixed_text(info.bus_info),
                       .expansion_rom_version = fixed_text(info.erom_version)};
}

// Asked without room for masks, the kernel returns the number of words of each of
// the three masks, negated; asked with that number, it fills them.
Result<EthtoolLink> read_ethtool_link(const Ethtool& ethtool, std::string_view device) {
  ethtool_link_settings request{};
  request.cmd = ETHTOOL_GLINKSETTINGS;
  const auto size = ask_for(ethtool, device, request);
  if (!size) return std::unexpected(size.error());
  const int words = -copy_of<ethtool_link_settings>(*size).link_mode_masks_nwords;
  if (words <= 0 || words > 127) return wrong_answer(device, "link modes without a size");

  request.link_mode_masks_nwords = static_cast<__s8>(words);
  const auto mask = static_cast<std::size_t>(words) * sizeof(std::uint32_t);
  const auto answer = ask_for(ethtool, device, request, 3 * mask);
  if (!answer) return std::unexpected(answer.error());
  const auto settings = copy_of<ethtool_link_settings>(*answer);
  const auto masks = elements(*answer, sizeof request, 3, mask);
  if (masks.empty() || settings.link_mode_masks_nwords != words) {
    return wrong_answer(device, "link modes of another size");
  }
  return EthtoolLink{.autonegotiate = settings.autoneg != AUTONEG_DISABLE,
                     .supported = modes_of(masks.first(mask)),
                     .advertised = modes_of(masks.subspan(mask, mask))};
}

// A driver's number of statistics may change between two requests (queues come and
// go): then the names do not match the values.
Result<std::vector<EthtoolStatistic>> read_ethtool_statistics(const Ethtool& ethtool,
                                                              std::string_view device) {
  const auto count = statistics_count(ethtool, device);
  if (!count) return std::unexpected(count.error());
  std::vector<EthtoolStatistic> statistics;
  if (*count == 0) return statistics;

  ethtool_gstrings ask_names{};
  ask_names.cmd = ETHTOOL_GSTRINGS;
  ask_names.string_set = ETH_SS_STATS;
  ask_names.len = *count;
  const auto names = ask_for(ethtool, device, ask_names, *count * std::size_t{ETH_GSTRING_LEN});
  if (!names) return std::unexpected(names.error());
  ethtool_stats ask_values{};
  ask_values.cmd = ETHTOOL_GSTATS;
  ask_values.n_stats = *count;
  const auto values = ask_for(ethtool, device, ask_values, *count * sizeof(std::uint64_t));
  if (!values) return std::unexpected(values.error());

  auto texts = elements(*names, sizeof ask_names, *count, ETH_GSTRING_LEN);
  auto numbers = elements(*values, sizeof ask_values, *count, sizeof(std::uint64_t));
  if (copy_of<ethtool_gstrings>(*names).len != *count ||
      copy_of<ethtool_stats>(*values).n_stats != *count || texts.empty() || numbers.empty()) {
    return wrong_answer(device, "names and values of statistics are not of one number");
  }
  statistics.reserve(*count);
  for (; !texts.empty(); texts = texts.subspan(ETH_GSTRING_LEN)) {
    statistics.push_back({.name = AttributeTable<0>::text_of(texts.first(ETH_GSTRING_LEN)),
                          .value = copy_of<std::uint64_t>(numbers)});
    numbers = numbers.subspan(sizeof(std::uint64_t));
  }
  return statistics;
}

}  // namespace hostnet
