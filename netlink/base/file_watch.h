#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// What tells that a file is another one than before, or has other contents. All 0
// where there is none.
struct FileStamp {
  std::uint64_t device{}, inode{}, size{};
  std::int64_t modified_ns{}, changed_ns{};
  bool operator==(const FileStamp&) const = default;
};

// Links are followed. Reason::vanished when there is nothing.
Result<FileStamp> stamp_of(const std::string& path);

struct FileWatchPace {
  // After an event, wait for this long without another: what is being written or
  // filled is read once, when it is whole...
  std::chrono::milliseconds settle{50};
  // ...but never longer than this, even while somebody keeps on writing.
  std::chrono::milliseconds longest{500};
  // A check though nothing was heard; and the same where inotify cannot be had.
  std::chrono::milliseconds rescan{30'000};
  std::chrono::milliseconds poll{1'000};
};

// Tells when files, or the contents of folders, should be read again: written in
// place, renamed over, created later, removed, or swapped behind a symbolic link
// as Kubernetes does with mounted ConfigMaps (..data). It watches (inotify(7))
// every folder in which a path, or a link on the way to it, has its name; what
// that does not see (a renamed ancestor) a slow rescan finds. Paths need not exist
// yet. Nothing here sleeps or reads the clock. Owned by one thread:
//
//   FileWatch watch({"/etc/hostnet-agent/policy.yaml"});
//   poll(2) on watch.descriptor() until watch.next_check(), then:
//   if (watch.changed(now)) read it again
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths, FileWatchPace pace = {});

  // For poll(2), POLLIN; -1 where there is no inotify: then only time counts.
  int descriptor() const { return fd_.get(); }
  // When due() and changed() have work at the latest.
  SteadyTime next_check() const { return next_check_; }
  // Why the watch is missing or incomplete; "" when it is whole.
  const std::string& problem() const { return problem_; }

  // Whether to read again what is there: something happened around a path and has
  // settled, or next_check() is over. True at the first call. What happens after
  // it returned is heard, so whoever reads now misses nothing.
  bool due(SteadyTime now);
  // The same for plain files: whether one of them is another one, or has other
  // contents, than at the construction or when this last said so.
  bool changed(SteadyTime now);

 private:
  using Names = std::set<std::string, std::less<>>;

  void listen();
  bool take_events();
  void note_event(int descriptor, std::uint32_t mask, std::string_view name);
  std::vector<FileStamp> stamps() const;

  std::vector<std::string> paths_;
  FileWatchPace pace_;
  UniqueFd fd_;
  std::map<int, Names> names_;  // by watch descriptor; empty: the whole folder counts
  std::set<std::pair<int, std::string>> writing_;  // written to, and not closed yet
  std::vector<FileStamp> stamps_;                  // beside paths_: for changed()
  std::string problem_;
  bool checked_{}, unsettled_{};
  bool written_{};  // a file was closed after writing, or replaced, since changed() said so
  SteadyTime first_event_, next_check_;
};

// The folders, and names in them, that decide what `path` is: each link on the way
// and the target. A folder's names are empty if it is the path itself: then all of
// them count. Where something is missing, the deepest folder that exists.
std::map<std::string, std::set<std::string, std::less<>>> deciding_names(const std::string& path);

// The system calls of inotify(7), which a filter of system calls must allow.
std::span<const int> file_watch_syscalls();

}  // namespace hostnet
