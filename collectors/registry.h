#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "collectors/framework/collector.h"

namespace hostnet {

// Every collector that reads the kernel, in name order.
std::span<const Collector> all_collectors();

// What the command line gave (by flag name), completed with the defaults of
// every flag of all_collectors() that it did not give.
CollectorOptions options_with_defaults(
    std::map<std::string, std::vector<std::string>, std::less<>> values);

}  // namespace hostnet
