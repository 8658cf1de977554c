#include "netlink/node/cgroup_paths.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <climits>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/node/directory.h"

namespace hostnet {
namespace {

// Not in a uapi header: include/linux/exportfs.h, FILEID_KERNFS.
constexpr int kKernfsHandle = 0xfe;
constexpr std::string_view kDeleted = " (deleted)";
constexpr std::size_t kDeepestCgroup = 256;

UniqueFd open_cgroup2_mount(int sysfs) {
  for (const char* place : {"fs/cgroup", "fs/cgroup/unified"}) {
    UniqueFd fd(::openat(sysfs, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct statfs about{};
    if (fd && ::fstatfs(fd.get(), &about) == 0 && about.f_type == CGROUP2_SUPER_MAGIC) return fd;
  }
  return {};
}

// The path of an open descriptor in our own mount namespace.
std::optional<std::string> path_of_descriptor(int fd) {
  char buffer[PATH_MAX];
  const auto length =
      ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), buffer, sizeof buffer);
  if (length <= 0 || length == static_cast<ssize_t>(sizeof buffer)) return std::nullopt;
  return std::string(buffer, static_cast<std::size_t>(length));
}

std::unexpected<Error> cgroup_gone(std::uint64_t id) {
  return failure(Reason::vanished, fmt::format("finding cgroup {}: it is gone", id));
}

}  // namespace

CgroupPaths::CgroupPaths(int sysfs) : mount_(open_cgroup2_mount(sysfs)) {}

CgroupPaths CgroupPaths::walking(UniqueFd directory) {
  return CgroupPaths(std::move(directory), WalkOnly{});
}

Result<std::string> CgroupPaths::find(std::uint64_t id, const Clock& clock) {
  if (!mount_) {
    return failure(Reason::unsupported,
                   fmt::format("finding cgroup {}: there is no cgroup2 mount at "
                               "sys/fs/cgroup or sys/fs/cgroup/unified",
                               id));
  }
  if (by_handle_) {
    auto path = find_by_handle(id);
    if (path) return path;
    switch (path.error().system_error) {
      case EPERM:
      case EACCES:
      case ENOSYS:
      case EOPNOTSUPP:
      case EINVAL: by_handle_ = false; break;
      default: return path;
    }
  }
  return find_by_walking(id, clock);
}

Result<std::string> CgroupPaths::find_by_handle(std::uint64_t id) const {
  alignas(file_handle) std::byte storage[sizeof(file_handle) + sizeof id]{};
  auto* handle = reinterpret_cast<file_handle*>(storage);
  handle->handle_bytes = sizeof id;
  handle->handle_type = kKernfsHandle;
  std::memcpy(handle->f_handle, &id, sizeof id);
  const UniqueFd found(::open_by_handle_at(mount_.get(), handle, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!found) {
    if (errno == ESTALE || errno == ENOENT) return cgroup_gone(id);
    return system_failure(errno, fmt::format("finding cgroup {}", id));
  }
  const auto mount = path_of_descriptor(mount_.get());
  auto path = path_of_descriptor(found.get());
  if (!mount || !path) {
    return system_failure(ENOSYS, fmt::format("finding cgroup {}: /proc/self/fd", id));
  }
  if (*path == *mount) {
    *path = "/";
  } else if (path->starts_with(*mount) && path->at(mount->size()) == '/') {
    path->erase(0, mount->size());
  } else {
    // Only a part of the tree is mounted; for cgroups outside the kernel reports "/".
    return failure(
        Reason::unsupported,
        fmt::format("finding cgroup {}: it is outside of what is mounted at {}", id, *mount));
  }
  // A cgroup's name may really end in that suffix; then it exists under this path.
  if (path->ends_with(kDeleted) && !is_at(*path, id)) return cgroup_gone(id);
  return std::move(*path);
}

Result<std::string> CgroupPaths::find_by_walking(std::uint64_t id, const Clock& clock) {
  const std::lock_guard lock(mutex_);
  const auto known = [&]() -> std::optional<std::string> {
    const auto at = seen_.find(id);
    if (at == seen_.end()) return std::nullopt;
    if (is_at(at->second, id)) return at->second;
    seen_.erase(at);
    return std::nullopt;
  };
  if (auto path = known()) return std::move(*path);
  if (walks_ != 0 && !walk_pacer_.due(clock.steady())) {
    return failure(
        Reason::timeout,
        fmt::format("finding cgroup {}: not among the {} seen by the last walk", id, seen_.size()));
  }
  const auto begin = clock.steady();
  walk();
  const auto end = clock.steady();
  walk_pacer_.rest(end, end - begin);
  if (auto path = known()) return std::move(*path);
  return cgroup_gone(id);
}

bool CgroupPaths::is_at(const std::string& path, std::uint64_t id) const {
  struct stat about{};
  const char* relative = path.size() > 1 ? path.c_str() + 1 : ".";
  return ::fstatat(mount_.get(), relative, &about, AT_SYMLINK_NOFOLLOW) == 0 && about.st_ino == id;
}

void CgroupPaths::walk() {
  ++walks_;
  seen_.clear();
  struct stat root{};
  if (::fstat(mount_.get(), &root) == 0) seen_.emplace(root.st_ino, "/");
  struct Level {
    std::string path;  // "" is the root
    std::size_t depth;
  };
  std::vector<Level> waiting{{"", 0}};
  while (!waiting.empty()) {
    const Level level = std::move(waiting.back());
    waiting.pop_back();
    const UniqueFd directory(::openat(mount_.get(),
                                      level.path.empty() ? "." : level.path.c_str() + 1,
                                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) continue;  // gone, or not readable by us: its ids stay unknown
    for_each_entry(directory.get(), [&](const dirent64& entry) {
      if (entry.d_type != DT_DIR) return true;
      auto path = level.path + "/" + entry.d_name;
      if (level.depth + 1 < kDeepestCgroup) waiting.push_back({path, level.depth + 1});
      seen_.emplace(entry.d_ino, std::move(path));
      return true;
    });
  }
}

}  // namespace hostnet
