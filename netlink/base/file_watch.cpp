#include "netlink/base/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;
constexpr std::uint32_t kFolderEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                        IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                                        IN_MOVE_SELF | IN_ONLYDIR;

std::string why_no_watch(int error) {
  if (error == EMFILE || error == ENOSPC) {
    return "the limit of inotify is reached (raise fs.inotify.max_user_instances and "
           "fs.inotify.max_user_watches)";
  }
  return "inotify: " + std::generic_category().message(error);
}

}  // namespace

Result<FileStamp> stamp_of(const std::string& path) {
  struct ::stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_failure(errno, "reading " + path);
  constexpr std::int64_t kSecond = 1'000'000'000;
  return FileStamp{.device = status.st_dev,
                   .inode = status.st_ino,
                   .size = static_cast<std::uint64_t>(status.st_size),
                   .modified_ns = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec,
                   .changed_ns = status.st_ctim.tv_sec * kSecond + status.st_ctim.tv_nsec};
}

std::map<std::string, std::set<std::string, std::less<>>> deciding_names(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMaxLinks = 40;  // as the kernel's ELOOP
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  std::deque<fs::path> left(absolute.begin(), absolute.end());
  std::map<std::string, std::set<std::string, std::less<>>> deciding;
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
    const bool last = left.empty();
    if (fs::is_symlink(status)) {
      deciding[at.string()].insert(name.string());
      const fs::path target = fs::read_symlink(next, error);
      if (error || ++links > kMaxLinks) return deciding;
      left.insert(left.begin(), target.begin(), target.end());
      if (target.is_absolute()) at.clear();
      continue;
    }
    if (last || !fs::is_directory(status)) deciding[at.string()].insert(name.string());
    if (!fs::is_directory(status)) return deciding;  // missing, or a file
    if (last) deciding[next.string()] = {};
    at = next;
  }
  return deciding;
}

FileWatch::FileWatch(std::vector<std::string> paths, FileWatchPace pace)
    : paths_(std::move(paths)), pace_(pace), fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_.get() < 0) problem_ = why_no_watch(errno);
  listen();
  stamps_ = stamps();  // after the watch: later changes cause events
}

std::vector<FileStamp> FileWatch::stamps() const {
  std::vector<FileStamp> now;
  now.reserve(paths_.size());
  for (const std::string& path : paths_) now.push_back(stamp_of(path).value_or(FileStamp{}));
  return now;
}

// Repeated after every event: links may point elsewhere, and folders may have been
// replaced by others of the same name.
void FileWatch::listen() {
  if (fd_.get() < 0) return;
  problem_.clear();
  std::map<std::string, int> watched;
  std::map<int, Names> names;
  for (const std::string& path : paths_) {
    for (auto& [folder, wanted] : deciding_names(path)) {
      int descriptor = -1;
      if (const auto known = watched.find(folder); known != watched.end()) {
        descriptor = known->second;
      } else {
        descriptor = ::inotify_add_watch(fd_.get(), folder.c_str(), kFolderEvents);
        if (descriptor < 0) {
          if (errno != ENOENT && errno != ENOTDIR) problem_ = why_no_watch(errno) + ": " + folder;
          continue;
        }
        watched.emplace(folder, descriptor);
      }
      const auto [known, fresh] = names.try_emplace(descriptor, wanted);
      if (fresh) continue;
      if (known->second.empty() || wanted.empty()) {
        known->second.clear();  // all of them
      } else {
        known->second.merge(wanted);
      }
    }
  }
  for (const auto& [descriptor, old] : names_) {
    if (!names.contains(descriptor)) ::inotify_rm_watch(fd_.get(), descriptor);
  }
  names_ = std::move(names);
}

void FileWatch::note_event(int descriptor, std::uint32_t mask, std::string_view name) {
  const std::pair key(descriptor, std::string(name));
  if ((mask & IN_MODIFY) != 0) {
    writing_.insert(key);
  } else if ((mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) {
    writing_.erase(key);
  }
  if ((mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW)) != 0) written_ = true;
}

// Whether an event concerned a name that is watched.
bool FileWatch::take_events() {
  bool any = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  Interrupted interrupted;
  while (fd_.get() >= 0) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && interrupted.again()) continue;
    if (size <= 0) break;
    std::size_t at = 0;
    while (at + sizeof(inotify_event) <= static_cast<std::size_t>(size)) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      // The kernel pads the name with zeros.
      const char* const name = event.len == 0 ? "" : buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
      if (lost) writing_.clear();
      const auto folder = names_.find(event.wd);
      if (!lost && folder == names_.end()) continue;  // of a folder no longer watched
      const bool own = (event.mask & kFolderGone) != 0;
      if (!lost && !own && !folder->second.empty() &&
          !folder->second.contains(std::string_view(name))) {
        continue;
      }
      note_event(event.wd, event.mask, name);
      any = true;
    }
  }
  return any;
}

bool FileWatch::due(SteadyTime now) {
  if (take_events()) {
    if (!std::exchange(unsettled_, true)) first_event_ = now;
    const SteadyTime latest = first_event_ + pace_.longest;
    next_check_ = writing_.empty() ? std::min(now + pace_.settle, latest) : latest;
  }
  if (checked_ && now < next_check_) return false;
  listen();
  checked_ = true;
  unsettled_ = false;
  writing_.clear();
  next_check_ = now + (problem_.empty() ? pace_.rescan : pace_.poll);
  return true;
}

bool FileWatch::changed(SteadyTime now) {
  if (!due(now)) return false;
  std::vector<FileStamp> current = stamps();
  const bool differs = current != stamps_;
  stamps_ = std::move(current);
  return std::exchange(written_, false) || differs;
}

std::span<const int> file_watch_syscalls() {
  static constexpr std::array kCalls{SYS_inotify_init1, SYS_inotify_add_watch,
                                     SYS_inotify_rm_watch};
  return kCalls;
}

}  // namespace hostnet
