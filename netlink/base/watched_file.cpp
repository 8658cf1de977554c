#include "netlink/base/watched_file.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace hostnet {
namespace {

constexpr std::uint32_t kWatched = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                   IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
                                   IN_MOVE_SELF;

}  // namespace

WatchedFile::WatchedFile(std::string path) : path_(std::move(path)) {
  const auto slash = path_.rfind('/');
  name_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  directory_ = slash == std::string::npos ? "." : slash == 0 ? "/" : path_.substr(0, slash);
  inotify_ = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  watch_directory();
  last_ = scan();  // after the watch: what happens from here on is seen
}

WatchedFile::State WatchedFile::scan() const {
  struct ::stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_dev,         status.st_ino,          status.st_size,
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

void WatchedFile::watch_directory() {
  if (inotify_.get() < 0 || watch_ >= 0) return;
  watch_ = ::inotify_add_watch(inotify_.get(), directory_.c_str(), kWatched | IN_ONLYDIR);
}

// Whether an event says that our name holds something new, even where the times
// and the size are the same (two writes within the clock tick of the file
// system).
bool WatchedFile::take_events() {
  bool touched = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  while (inotify_.get() >= 0) {
    const auto size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    std::size_t at = 0;
    while (at + sizeof(inotify_event) <= static_cast<std::size_t>(size)) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      // The kernel pads the name with zeros.
      const char* const name = event.len == 0 ? "" : buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        touched = true;
        writing_ = false;
      }
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        // Another directory may come to stand at this path.
        if (watch_ >= 0) ::inotify_rm_watch(inotify_.get(), watch_);
        watch_ = -1;
        writing_ = false;
      }
      if (event.len == 0 || std::string_view(name) != name_) continue;
      writing_ = (event.mask & IN_MODIFY) != 0;
      touched = touched || (event.mask & IN_CLOSE_WRITE) != 0;
    }
  }
  return touched;
}

bool WatchedFile::changed() {
  const bool closed = take_events();
  watch_directory();
  if (writing_) return false;
  const auto now = scan();
  const bool different = now != last_;
  last_ = now;
  return closed || different;
}

}  // namespace hostnet
