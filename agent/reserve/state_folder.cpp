#include "agent/reserve/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

constexpr const char* kName = "reserved-ports";
constexpr const char* kNewName = ".reserved-ports.new";
constexpr std::size_t kLongestState = std::size_t{1} << 20U;

}  // namespace

Result<std::unique_ptr<StateFolder>> StateFolder::open(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return system_failure(errno, "making " + path);
  }
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_failure(errno, "opening " + path);
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return failure(Reason::exhausted, path + " is in use by another hostnet-agent");
    }
    return system_failure(errno, "locking " + path);
  }
  if (::faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return system_failure(errno, "writing in " + path);
  }
  return std::unique_ptr<StateFolder>(new StateFolder(path, std::move(folder)));
}

Result<std::optional<std::string>> StateFolder::read() const {
  const std::string doing = "reading " + path_ + "/" + kName;
  const UniqueFd file(
      ::openat(folder_.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) return system_failure(errno, doing);
  std::string text;
  std::array<char, 4096> buffer{};
  Interrupted interrupted;
  while (true) {
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && interrupted.again()) continue;
    if (count < 0) return system_failure(errno, doing);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLongestState) return failure(Reason::malformed, doing + ": it is too long");
  }
}

Result<> StateFolder::write(std::string_view text) const {
  const std::string doing = "writing " + path_ + "/" + kName;
  ::unlinkat(folder_.get(), kNewName, 0);
  const UniqueFd file(::openat(folder_.get(), kNewName,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return system_failure(errno, doing);
  Interrupted interrupted;
  while (!text.empty()) {
    const auto count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && interrupted.again()) continue;
    if (count <= 0) return system_failure(count < 0 ? errno : EIO, doing);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::renameat(folder_.get(), kNewName, folder_.get(), kName) != 0) {
    return system_failure(errno, doing);
  }
  return {};
}

}  // namespace hostnet
