#include "netlink/base/path_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <system_error>

namespace hostnet {
namespace {

// Not IN_MODIFY: a half-written file is of no use, its closing is the news.
constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE |
                                        IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                        IN_ONLYDIR;

std::string why_no_watch(int error) {
  if (error == EMFILE || error == ENOSPC) {
    return "the limit of inotify is reached (raise fs.inotify.max_user_instances and "
           "fs.inotify.max_user_watches)";
  }
  return "inotify: " + std::generic_category().message(error);
}

}  // namespace

std::set<std::string> deciding_folders(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMaxLinks = 40;  // as the kernel's ELOOP
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  std::deque<fs::path> left(absolute.begin(), absolute.end());
  std::set<std::string> folders;
  fs::path at;
  for (int links = 0; !left.empty();) {
    const fs::path name = left.front();
    left.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path next = at / name;
    const fs::file_status status = fs::symlink_status(next, error);
    if (!fs::exists(status)) {
      folders.insert(at.string());
      return folders;
    }
    if (fs::is_symlink(status)) {
      folders.insert(at.string());
      const fs::path target = fs::read_symlink(next, error);
      if (error || ++links > kMaxLinks) return folders;
      left.insert(left.begin(), target.begin(), target.end());
      if (target.is_absolute()) at.clear();
      continue;
    }
    if (left.empty()) {
      folders.insert(at.string());
      if (fs::is_directory(status)) folders.insert(next.string());
    } else if (!fs::is_directory(status)) {
      folders.insert(at.string());
      return folders;
    }
    at = next;
  }
  return folders;
}

PathWatch::PathWatch() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_.get() < 0) problem_ = why_no_watch(errno);
}

void PathWatch::watch(const std::vector<std::string>& paths) {
  if (fd_.get() < 0) return;
  problem_.clear();
  std::map<std::string, int> now;
  for (const std::string& path : paths) {
    for (const std::string& folder : deciding_folders(path)) {
      if (now.contains(folder)) continue;
      // Again for a known one: the folder may be another of the same name.
      const int descriptor = ::inotify_add_watch(fd_.get(), folder.c_str(), kFolderEvents);
      if (descriptor >= 0) {
        now.emplace(folder, descriptor);
      } else if (errno != ENOENT && errno != ENOTDIR) {
        problem_ = why_no_watch(errno) + ": " + folder;
      }
    }
  }
  std::set<int> kept;
  for (const auto& [folder, descriptor] : now) kept.insert(descriptor);
  for (const auto& [folder, descriptor] : watched_) {
    if (!kept.contains(descriptor)) ::inotify_rm_watch(fd_.get(), descriptor);
  }
  watched_ = std::move(now);
}

bool PathWatch::drain() {
  if (fd_.get() < 0) return false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool any = false;
  while (true) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return any;
    any = true;
  }
}

}  // namespace hostnet
