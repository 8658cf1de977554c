#include "netlink/base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "netlink/base/unique_fd.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

std::string size_words(std::size_t bytes) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  return bytes % kMiB == 0 ? std::to_string(bytes / kMiB) + " MiB"
                           : std::to_string(bytes) + " bytes";
}

}  // namespace

Result<std::string> read_regular_file(const std::string& path, std::size_t most) {
  // Without O_NONBLOCK, opening a pipe without a writer blocks forever.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return system_failure(errno, "reading " + path);
  struct ::stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure(errno, "reading " + path);
  if (!S_ISREG(status.st_mode)) {
    return failure(Reason::malformed, "reading " + path + ": not a regular file");
  }
  std::string text;
  std::array<char, 16384> piece{};
  Interrupted interrupted;
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && interrupted.again()) continue;
    if (got < 0) return system_failure(errno, "reading " + path);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > most) {
      return failure(Reason::exhausted, "reading " + path + ": larger than " + size_words(most));
    }
  }
}

}  // namespace hostnet
