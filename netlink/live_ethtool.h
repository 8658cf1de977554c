#pragma once

#include <memory>

#include "netlink/ethtool.h"

namespace hostnet {

// Asks the kernel, about devices in the current network namespace of the calling
// thread.
std::shared_ptr<const Ethtool> live_ethtool();

}  // namespace hostnet
