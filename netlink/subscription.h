#pragma once

#include <memory>
#include <span>

#include "netlink/netlink.h"

namespace hostnet {

// Implements live_netlink()'s subscribe().
Result<std::unique_ptr<Subscription>> live_subscription(int family,
                                                        std::span<const unsigned> groups);

}  // namespace hostnet
