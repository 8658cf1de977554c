#include "netlink/base/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "netlink/base/unique_fd.h"

namespace hostnet {

Result<std::string> read_web_file(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_failure(errno, "reading " + path);
  std::string text;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, "reading " + path);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMost) return failure(Reason::malformed, "reading " + path + ": over 1 MiB");
  }
}

}  // namespace hostnet
