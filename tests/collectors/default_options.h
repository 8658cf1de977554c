#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "collectors/registry.h"

namespace hostnet {

// What a test gives (by flag name), and the default of every flag that it does not,
// as the command line completes them.
inline CollectorOptions options_with_defaults(
    std::map<std::string, std::vector<std::string>, std::less<>> values) {
  for (const Collector& collector : all_collectors()) {
    for (const CollectorFlag& flag : collector.flags) {
      auto& given = values[std::string(flag.name)];
      if (given.empty() && !flag.default_value.empty()) given.emplace_back(flag.default_value);
    }
  }
  return CollectorOptions(std::move(values));
}

}  // namespace hostnet
