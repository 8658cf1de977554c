#pragma once

// What a network driver reports about itself: SIOCETHTOOL (include/uapi/linux/ethtool.h).
// By ioctl, because ethtool's generic netlink provides neither the driver's own
// statistics nor its name. Needs no capability.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

// The seam: live_ethtool() asks the kernel, a recording answers from disk.
// Thread safe.
class Ethtool {
 public:
  virtual ~Ethtool() = default;
  // `request` is the struct that its command begins with, `room` the number of bytes
  // that the kernel may write after it. The answer contains both, as the kernel left
  // them; its lengths are not checked. Reason::unsupported: the driver does not have
  // this command; Reason::vanished: no such device.
  virtual Result<std::vector<std::byte>> ask(std::string_view device,
                                             std::span<const std::byte> request,
                                             std::size_t room) const = 0;
};

// Answers every question with Reason::unsupported.
std::shared_ptr<const Ethtool> no_ethtool();

// ETHTOOL_GDRVINFO; fields that a driver leaves out are empty.
struct EthtoolDriver {
  std::string driver, version, firmware_version, bus_info, expansion_rom_version;
  bool operator==(const EthtoolDriver&) const = default;
};

// Link modes by bit (enum ethtool_link_mode_bit_indices).
struct LinkModes {
  std::vector<std::uint32_t> words;
  bool has(unsigned bit) const {
    return bit / 32 < words.size() && (words[bit / 32] >> (bit % 32) & 1U) != 0;
  }
  bool operator==(const LinkModes&) const = default;
};

// ETHTOOL_GLINKSETTINGS.
struct EthtoolLink {
  bool autonegotiate{};
  LinkModes supported, advertised;
  bool operator==(const EthtoolLink&) const = default;
};

// One statistic of ETHTOOL_GSTATS with its name from ETH_SS_STATS.
struct EthtoolStatistic {
  std::string name;
  std::uint64_t value{};
  bool operator==(const EthtoolStatistic&) const = default;
};

// Reason::unsupported where the driver does not report it; Reason::malformed where
// lengths inside an answer are wrong. A driver without statistics yields an empty
// list or Reason::unsupported.
Result<EthtoolDriver> read_ethtool_driver(const Ethtool& ethtool, std::string_view device);
Result<EthtoolLink> read_ethtool_link(const Ethtool& ethtool, std::string_view device);
Result<std::vector<EthtoolStatistic>> read_ethtool_statistics(const Ethtool& ethtool,
                                                              std::string_view device);

}  // namespace hostnet
