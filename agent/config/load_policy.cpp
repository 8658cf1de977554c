#include "agent/config/load_policy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "agent/config/config_file.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

// At most one byte more than parse_config() takes, so that it can refuse.
Result<std::string> read_config(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_failure(errno, "reading " + path);
  std::string text;
  std::array<char, 16384> buffer{};
  while (text.size() <= kMaxConfigBytes) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return system_failure(errno, "reading " + path);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Result<Policy> load_policy(const std::string& path) {
  if (path.empty()) return default_policy();
  const auto text = read_config(path);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, path);
}

}  // namespace hostnet
