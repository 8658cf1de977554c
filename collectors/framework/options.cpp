#include "collectors/framework/collector.h"

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

}  // namespace hostnet
