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

// Identifies a file and its contents: differs when the file was replaced or changed.
// All 0 for a missing file.
struct FileStamp {
  std::uint64_t device{}, inode{}, size{};
  std::int64_t modified_ns{}, changed_ns{};
  bool operator==(const FileStamp&) const = default;
};

// Follows links. Reason::vanished when nothing exists at `path`.
Result<FileStamp> stamp_of(const std::string& path);

struct FileWatchPace {
  // After an event, wait this long without another: a file that is being written or a
  // folder that is being filled is read once, when complete...
  std::chrono::milliseconds settle{50};
  // ...but never longer than this, even while writes continue.
  std::chrono::milliseconds longest{500};
  // The interval of checks without events: with inotify, and where it is unavailable.
  std::chrono::milliseconds rescan{30'000};
  std::chrono::milliseconds poll{1'000};
};

// Reports when files, or the contents of folders, should be read again: written in
// place, renamed over, created later, removed, or swapped behind a symbolic link
// as Kubernetes does with mounted ConfigMaps (..data). It watches (inotify(7)) every
// folder that contains a path or a link on the way to it; a slow rescan finds what
// inotify misses (a renamed ancestor). Paths need not exist yet. Nothing here sleeps
// or reads the clock. Owned by one thread:
//
//   FileWatch watch({"/etc/hostnet-agent/policy.yaml"});
//   poll(2) on watch.descriptor() until watch.next_check(), then:
//   if (watch.changed(now)) read it again
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths, FileWatchPace pace = {});

  // For poll(2), POLLIN; -1 without inotify: then only time triggers checks.
  int descriptor() const { return fd_.get(); }
  // The latest time at which due() and changed() have work.
  SteadyTime next_check() const { return next_check_; }
  // Why the watch is missing or incomplete; "" when complete.
  const std::string& problem() const { return problem_; }

  // Whether to read again: an event around a path has settled, or next_check() has
  // passed. True at the first call. Changes after it returns cause events, so a caller
  // who reads now misses nothing.
  bool due(SteadyTime now);
  // The same for plain files: whether one was replaced, or its contents changed, since
  // the construction or the last time this returned true.
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
  std::map<int, Names> names_;  // by watch descriptor; empty: every name in the folder
  std::set<std::pair<int, std::string>> writing_;  // written to, not closed yet
  std::vector<FileStamp> stamps_;                  // parallel to paths_: for changed()
  std::string problem_;
  bool checked_{}, unsettled_{};
  bool written_{};  // a file was closed after writing, or events were lost, since the last check
  SteadyTime first_event_, next_check_;
};

// The folders, and the names in them, that determine what `path` is: each link on the
// way and the target. A folder's set is empty if it is the path itself: then every
// name counts. Where something is missing, the deepest existing folder.
std::map<std::string, std::set<std::string, std::less<>>> deciding_names(const std::string& path);

// The inotify(7) system calls, which a seccomp filter must allow.
std::span<const int> file_watch_syscalls();

}  // namespace hostnet
