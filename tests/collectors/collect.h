#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/collector.h"

namespace hostnet {

using Flags = std::map<std::string, std::vector<std::string>, std::less<>>;

// What the collector of that name makes of a node, as text 0.0.4 without the
// HELP lines. Several pages in a row from one collector: make it once.
class TestCollector {
 public:
  explicit TestCollector(std::string_view name, const Flags& flags = {});
  Result<std::string> page(const Node& node) const;

 private:
  Collect collect_;
};

// The error of a collector's options.
Error refused_options(std::string_view name, const Flags& flags);

// With HELP lines, for promtool.
std::string rendered(const std::vector<MetricSource>& sources);

}  // namespace hostnet
