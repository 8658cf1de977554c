#pragma once

#include <memory>

#include "netlink/ethtool.h"

namespace hostnet {

// Asks the kernel, about devices of the network namespace that the calling
// thread is in now.
std::shared_ptr<const Ethtool> live_ethtool();

}  // namespace hostnet
