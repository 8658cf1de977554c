#pragma once

#include <span>

#include "collectors/framework/collector.h"

namespace hostnet {

// Every collector that reads the kernel, in name order.
std::span<const Collector> all_collectors();

}  // namespace hostnet
