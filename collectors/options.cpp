#include "collectors/registry.h"

namespace hostnet {

const std::vector<std::string>& CollectorOptions::texts(std::string_view flag) const {
  static const std::vector<std::string> kNone;
  const auto found = values_.find(flag);
  return found == values_.end() ? kNone : found->second;
}

const std::string& CollectorOptions::text(std::string_view flag) const {
  static const std::string kEmpty;
  const auto& values = texts(flag);
  return values.empty() ? kEmpty : values.back();
}

bool CollectorOptions::boolean(std::string_view flag) const {
  return text(flag) == "true";
}

CollectorOptions options_with_defaults(
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
