#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netlink/ethtool.h"

namespace hostnet {

// Drivers made of facts; answers are bytes as the kernel's. A part that is not
// there is Reason::unsupported, a device that is not there Reason::vanished.
class FakeEthtool final : public Ethtool {
 public:
  struct Device {
    std::optional<EthtoolDriver> driver;
    std::optional<EthtoolLink> link;  // both masks of one size
    std::optional<std::vector<EthtoolStatistic>> statistics;
    std::optional<Error> failure;  // of every question
  };
  std::map<std::string, Device, std::less<>> devices;

  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte> request,
                                     std::size_t room) const override;
};

}  // namespace hostnet
