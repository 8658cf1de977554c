#include "agent/http/unix_listener.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr int kSocketBacklog = 1024;

Result<sockaddr_un> name_of(const std::string& path, const std::string& doing) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    return failure(Reason::malformed, doing + ": the path is too long");
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

UniqueFd new_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

const sockaddr* generic(const sockaddr_un& name) {
  return reinterpret_cast<const sockaddr*>(&name);
}

// Removes the socket of an agent that was killed: it refuses connections.
Result<> remove_left_over(const sockaddr_un& name, const std::string& doing) {
  struct stat status{};
  if (lstat(name.sun_path, &status) != 0) return {};  // bind(2) reports what is wrong
  if (!S_ISSOCK(status.st_mode)) {
    return failure(Reason::malformed, doing + ": the path is there and is not a socket");
  }
  const UniqueFd probe = new_socket();
  if (!probe) return system_failure(errno, doing);
  if (connect(probe.get(), generic(name), sizeof name) == 0 || errno != ECONNREFUSED) {
    return system_failure(EADDRINUSE, doing);
  }
  if (status.st_uid != geteuid()) {
    return failure(Reason::malformed,
                   doing + ": a socket of uid " + std::to_string(status.st_uid) + " is there");
  }
  if (unlink(name.sun_path) != 0) return system_failure(errno, doing);
  return {};
}

Result<gid_t> group_of(const std::string& group, const std::string& doing) {
  if (const auto number = parse_number<gid_t>(group)) return *number;
  std::vector<char> buffer(std::size_t{64} * 1024);
  struct group entry{};
  struct group* found = nullptr;
  getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return failure(Reason::malformed, doing + ": no group " + group);
  return found->gr_gid;
}

// Called before listen(2): until then no client can connect.
Result<> set_access(const sockaddr_un& name, std::optional<gid_t> group, const std::string& doing) {
  constexpr mode_t kOwner = 0600;
  constexpr mode_t kOwnerAndGroup = 0660;
  if (group && lchown(name.sun_path, static_cast<uid_t>(-1), *group) != 0) {
    return system_failure(errno, doing + ": giving the socket to its group");
  }
  if (chmod(name.sun_path, group ? kOwnerAndGroup : kOwner) != 0) {
    return system_failure(errno, doing + ": setting the socket's mode");
  }
  return {};
}

}  // namespace

UnixSocketFile::~UnixSocketFile() {
  struct stat status{};
  if (path_.empty() || lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

Result<UnixListener> listen_unix(const std::string& path, const std::string& group,
                                 const std::string& text) {
  const std::string doing = "listening on " + text;
  const auto name = name_of(path, doing);
  if (!name) return std::unexpected(name.error());
  std::optional<gid_t> gid;
  if (!group.empty()) {
    auto known = group_of(group, doing);
    if (!known) return std::unexpected(std::move(known.error()));
    gid = *known;
  }
  if (auto removed = remove_left_over(*name, doing); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  UnixListener listener{.socket = new_socket()};
  if (!listener.socket) return system_failure(errno, doing);
  // The file gets the socket's mode minus the umask: never more than this.
  fchmod(listener.socket.get(), 0600);
  struct stat status{};
  if (bind(listener.socket.get(), generic(*name), sizeof *name) != 0 ||
      lstat(name->sun_path, &status) != 0) {
    return system_failure(errno, doing);
  }
  listener.file = UnixSocketFile(path, status.st_dev, status.st_ino);
  if (auto set = set_access(*name, gid, doing); !set) {
    return std::unexpected(std::move(set.error()));
  }
  if (listen(listener.socket.get(), kSocketBacklog) != 0) return system_failure(errno, doing);
  return listener;
}

}  // namespace hostnet
