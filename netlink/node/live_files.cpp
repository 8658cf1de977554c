#include "netlink/node/live_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <optional>
#include <utility>

#include "netlink/base/text.h"
#include "netlink/node/cgroup_paths.h"
#include "netlink/node/directory.h"
#include "netlink/node/kept_files.h"
#include "netlink/node/rooted.h"

namespace hostnet {
namespace {

// N of "socket:[N]", "net:[N]"; unset for any other text.
std::optional<std::uint64_t> number_in_brackets(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || !text.ends_with(']')) return std::nullopt;
  text.remove_prefix(prefix.size());
  text.remove_suffix(1);
  return parse_number<std::uint64_t>(text);
}

constexpr std::string_view kSocketLink = "socket:[";
// Longer than "socket:[18446744073709551615]": a link that fills it is not a socket.
constexpr std::size_t kSocketLinkRoom = 48;

class LiveFiles final : public Files {
 public:
  LiveFiles(const std::string& procfs, const std::string& sysfs, std::shared_ptr<Clock> clock)
      : proc_(procfs),
        sys_(sysfs),
        clock_(std::move(clock)),
        cgroups_(sys_.descriptor()),
        keep_(proc_.is_procfs()) {}

  const Result<>& opened() const { return proc_.opened(); }

  Result<> read(std::string_view path, std::string& out) const override;
  Result<std::vector<std::string>> list(std::string_view path) const override;
  Result<std::string> link(std::string_view path) const override;
  Result<std::uint64_t> inode(std::string_view path) const override;
  Result<FileOwner> owner(std::string_view path) const override;
  bool exists(std::string_view path) const override;
  Result<std::string> cgroup_path(std::uint64_t id) const override {
    return cgroups_.find(id, *clock_);
  }
  Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override;
  Result<std::uint64_t> socket_inode(int pid, int fd) const override;

 private:
  struct Place {
    const Rooted* root;
    SeamPath path;
  };
  Result<Place> place(std::string_view path, std::string_view doing) const;
  Result<> read_kept(const char* below, std::string_view path, std::string& out) const;
  // Returns how many descriptors of any kind there are.
  Result<std::size_t> read_descriptors(const std::string& path,
                                       std::vector<SocketDescriptor>& out) const;
  std::optional<int> other_thread(int pid) const;

  Rooted proc_;
  Rooted sys_;
  std::shared_ptr<Clock> clock_;
  mutable CgroupPaths cgroups_;  // thread safe itself
  const bool keep_;              // files of a fixture may be replaced
  mutable KeptFiles kept_;       // of proc_; thread safe itself
  mutable std::atomic<bool> net_of_init_;
};

Result<LiveFiles::Place> LiveFiles::place(std::string_view path, std::string_view doing) const {
  auto parsed = SeamPath::of(path, doing);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  const Rooted& root = parsed->root() == Root::proc ? proc_ : sys_;
  if (!root.opened()) {
    Error error = root.opened().error();
    error.message = fmt::format("{} {}: {}", doing, path, error.message);
    return std::unexpected(std::move(error));
  }
  return Place{&root, *parsed};
}

Result<> LiveFiles::read(std::string_view path, std::string& out) const {
  out.clear();
  const auto at = place(path, "reading");
  if (!at) return std::unexpected(at.error());
  const char* below = at->path.below();
  if (keep_ && at->root == &proc_ && KeptFiles::keepable(below)) return read_kept(below, path, out);
  return at->root->read(below, path, kLongestFile, out);
}

Result<> LiveFiles::read_kept(const char* below, std::string_view path, std::string& out) const {
  // If its module was unloaded, and perhaps loaded again, the read fails or is empty.
  if (UniqueFd file = kept_.take(below)) {
    if (read_whole(file.get(), path, kLongestFile, out) && !out.empty()) {
      kept_.put_back(below, std::move(file));
      return {};
    }
  }
  auto opened = proc_.open_file(below, path);
  if (!opened) return std::unexpected(std::move(opened).error());
  if (auto done = read_whole(opened->get(), path, kLongestFile, out); !done) return done;
  kept_.put_back(below, *std::move(opened));
  return {};
}

Result<std::vector<std::string>> LiveFiles::list(std::string_view path) const {
  const auto at = place(path, "listing");
  if (!at) return std::unexpected(at.error());
  const UniqueFd fd = at->root->open(at->path.below(), O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!fd) return path_failure(errno, "listing", path);
  std::vector<std::string> names;
  const int error = for_each_entry(fd.get(), [&](const dirent64& entry) {
    names.emplace_back(entry.d_name);
    return true;
  });
  if (error != 0) return path_failure(error, "listing", path);
  std::ranges::sort(names);
  return names;
}

Result<std::string> LiveFiles::link(std::string_view path) const {
  const auto at = place(path, "reading the link");
  if (!at) return std::unexpected(at.error());
  const UniqueFd fd = at->root->open(at->path.below(), O_PATH | O_NOFOLLOW);
  if (!fd) return path_failure(errno, "reading the link", path);
  char buffer[PATH_MAX];
  const auto length = ::readlinkat(fd.get(), "", buffer, sizeof buffer);
  if (length < 0) {
    // readlinkat() of a descriptor that is not a link fails with ENOENT.
    return path_failure(errno == ENOENT ? EINVAL : errno, "reading the link", path);
  }
  return std::string(buffer, static_cast<std::size_t>(length));
}

Result<std::uint64_t> LiveFiles::inode(std::string_view path) const {
  const auto at = place(path, "inspecting");
  if (!at) return std::unexpected(at.error());
  struct stat about{};
  if (::fstatat(at->root->descriptor(), at->path.below(), &about, 0) == 0) return about.st_ino;
  const int error = errno;
  if (error == ENOENT) {
    char buffer[kSocketLinkRoom];
    const auto length =
        ::readlinkat(at->root->descriptor(), at->path.below(), buffer, sizeof buffer);
    if (length > 0) {
      const std::string_view text(buffer, static_cast<std::size_t>(length));
      const auto bracket = text.find('[');
      const auto number = bracket == std::string_view::npos
                              ? std::nullopt
                              : number_in_brackets(text, text.substr(0, bracket + 1));
      if (number) return *number;
    }
  }
  return path_failure(error, "inspecting", path);
}

Result<FileOwner> LiveFiles::owner(std::string_view path) const {
  const auto at = place(path, "asking for the owner of");
  if (!at) return std::unexpected(at.error());
  struct stat about{};
  if (::fstatat(at->root->descriptor(), at->path.below(), &about, 0) != 0) {
    return path_failure(errno, "asking for the owner of", path);
  }
  return FileOwner{about.st_uid, about.st_gid, about.st_mode};
}

bool LiveFiles::exists(std::string_view path) const {
  // Queried before every file below it, and pid 1 never exits.
  const bool net_of_init = keep_ && path == "proc/1/net";
  if (net_of_init && net_of_init_) return true;
  const auto at = place(path, "inspecting");
  struct stat about{};
  const bool there = at && ::fstatat(at->root->descriptor(), at->path.below(), &about, 0) == 0;
  if (net_of_init && there) net_of_init_ = true;
  return there;
}

Result<std::size_t> LiveFiles::read_descriptors(const std::string& path,
                                                std::vector<SocketDescriptor>& out) const {
  const auto fail = [&](int error) {
    return path_failure(error, "reading the descriptors in", "proc/" + path);
  };
  const UniqueFd directory(
      ::openat(proc_.descriptor(), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!directory) return fail(errno);
  std::size_t entries = 0;
  int refused = 0;
  const int error = for_each_entry(directory.get(), [&](const dirent64& entry) {
    ++entries;
    char text[kSocketLinkRoom];
    const auto length = ::readlinkat(directory.get(), entry.d_name, text, sizeof text);
    if (length < 0) {
      // Closed in the meantime or, in a fixture, not a link: no socket.
      if (errno == ENOENT || errno == EINVAL) return true;
      refused = errno;
      return false;
    }
    const auto inode = number_in_brackets({text, static_cast<std::size_t>(length)}, kSocketLink);
    if (!inode) return true;
    if (const auto fd = parse_number<int>(entry.d_name)) out.push_back({*fd, *inode});
    return true;
  });
  if (error != 0 || refused != 0) {
    out.clear();
    return fail(error != 0 ? error : refused);
  }
  if (!std::ranges::is_sorted(out)) std::ranges::sort(out);  // procfs lists them in order
  return entries;
}

// A process may outlive its first thread, which then has no descriptors any more.
std::optional<int> LiveFiles::other_thread(int pid) const {
  const UniqueFd tasks(::openat(proc_.descriptor(), fmt::format("{}/task", pid).c_str(),
                                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  constexpr nlink_t kLinksOfOneThread = 3;
  struct stat about{};
  if (!tasks || ::fstat(tasks.get(), &about) != 0) return std::nullopt;
  if (about.st_nlink <= kLinksOfOneThread) return std::nullopt;
  std::optional<int> found;
  for_each_entry(tasks.get(), [&](const dirent64& entry) {
    found = parse_number<int>(entry.d_name);
    return found == pid;
  });
  return found == pid ? std::nullopt : found;
}

Result<> LiveFiles::socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const {
  out.clear();
  auto entries = read_descriptors(fmt::format("{}/fd", pid), out);
  if (!entries) return std::unexpected(std::move(entries).error());
  const auto thread = *entries == 0 ? other_thread(pid) : std::nullopt;
  if (!thread) return {};
  entries = read_descriptors(fmt::format("{}/task/{}/fd", pid, *thread), out);
  if (!entries) return std::unexpected(std::move(entries).error());
  return {};
}

Result<std::uint64_t> LiveFiles::socket_inode(int pid, int fd) const {
  char text[kSocketLinkRoom];
  const std::string path = fmt::format("{}/fd/{}", pid, fd);
  auto length = ::readlinkat(proc_.descriptor(), path.c_str(), text, sizeof text);
  if (length < 0 && errno == ENOENT) {
    if (const auto thread = other_thread(pid)) {
      const std::string other = fmt::format("{}/task/{}/fd/{}", pid, *thread, fd);
      length = ::readlinkat(proc_.descriptor(), other.c_str(), text, sizeof text);
    } else {
      errno = ENOENT;
    }
  }
  if (length < 0) return path_failure(errno, "reading the link", "proc/" + path);
  return number_in_brackets({text, static_cast<std::size_t>(length)}, kSocketLink).value_or(0);
}

}  // namespace

Result<std::shared_ptr<Files>> live_files(const std::string& procfs, const std::string& sysfs,
                                          std::shared_ptr<Clock> clock) {
  auto files = std::make_shared<LiveFiles>(procfs, sysfs, std::move(clock));
  if (!files->opened()) return std::unexpected(files->opened().error());
  return files;
}

}  // namespace hostnet
