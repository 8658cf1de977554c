#include "agent/config/load_policy.h"

#include "agent/config/config_file.h"
#include "netlink/base/read_file.h"

namespace hostnet {

Result<Policy> load_policy(const std::string& path) {
  if (path.empty()) return default_policy();
  const auto text = read_regular_file(path, kMaxConfigBytes);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, path);
}

Result<Policy> reload_policy(const std::string& path) {
  const auto text = read_regular_file(path, kMaxConfigBytes);
  if (!text) return std::unexpected(text.error());
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    return failure(Reason::malformed, path + ": is empty now: write {} for the defaults");
  }
  return parse_config(*text, path);
}

}  // namespace hostnet
