#include "netlink/bind_events/node_cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <optional>

#include "netlink/base/read_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kLargestMountTable = std::size_t{16} << 20;

// The rest of the first line that starts with `begin`.
std::optional<std::string> rest_of_line(std::string_view text, std::string_view begin) {
  while (!text.empty()) {
    const auto line = take_until(text, '\n');
    if (line.starts_with(begin)) return std::string(line.substr(begin.size()));
  }
  return std::nullopt;
}

std::optional<std::string> rest_of_line_in(const std::string& file, std::string_view begin) {
  const auto text = read_regular_file(file, kLargestMountTable);
  return text ? rest_of_line(*text, begin) : std::nullopt;
}

// The cgroup that is the root of this mount.
std::optional<std::string> root_of_mount(const UniqueFd& folder) {
  const auto id = rest_of_line_in(fmt::format("/proc/self/fdinfo/{}", folder.get()), "mnt_id:\t");
  if (!id) return std::nullopt;
  const auto mount = rest_of_line_in("/proc/self/mountinfo", *id + " ");
  if (!mount) return std::nullopt;
  std::string_view words = *mount;  // proc_pid_mountinfo(5), after the mount's id
  take_word(words);                 // the parent's id
  take_word(words);                 // device
  return std::string(take_word(words));
}

bool holds_init(const UniqueFd& folder, const std::string& procfs) {
  const auto root = root_of_mount(folder);
  const auto init = rest_of_line_in(procfs + "/1/cgroup", "0::");
  return root && init && is_in_cgroup(*init, *root);
}

}  // namespace

bool is_in_cgroup(std::string_view cgroup, std::string_view root) {
  if (root == "/") root = "";
  if (!cgroup.starts_with(root)) return false;
  const std::string_view below = cgroup.substr(root.size());
  if (below.empty()) return true;
  return below.front() == '/' && below != "/.." && !below.starts_with("/../");
}

Result<UniqueFd> open_node_cgroup(const std::string& procfs, const std::string& sysfs) {
  constexpr std::uint64_t kRoot = 1;
  for (const char* place : {"fs/cgroup", "fs/cgroup/unified"}) {
    const std::string path = fmt::format("{}/{}", sysfs, place);
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct statfs kind{};
    if (!fd || ::fstatfs(fd.get(), &kind) != 0 || kind.f_type != CGROUP2_SUPER_MAGIC) continue;
    struct stat about{};
    if (::fstat(fd.get(), &about) != 0) continue;
    if (about.st_ino == kRoot || holds_init(fd, procfs)) return fd;
    return failure(Reason::unsupported,
                   fmt::format("{} is a part of cgroup v2 without the node's first process", path));
  }
  return failure(Reason::unsupported, "there is no cgroup v2");
}

}  // namespace hostnet
