#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "netlink/base/unique_fd.h"

namespace hostnet {

// One file, and whether it is another one than before: written in place,
// renamed over, created later, removed, or swapped behind a symbolic link as
// Kubernetes does with mounted ConfigMaps (..data). Not thread safe.
//
//   WatchedFile file("/etc/hostnet-agent/policy.yaml");
//   read it
//   poll(file.descriptor()) or a timer; if (file.changed()) read it again
class WatchedFile {
 public:
  explicit WatchedFile(std::string path);

  // For poll(2): readable when changed() is worth asking. -1 without inotify
  // (too many watches, no such directory yet); a timer is needed anyway, because
  // a link may lead to a directory that is not watched.
  int descriptor() const { return inotify_.get(); }

  // Whether the file may hold something else than at the last call (or at the
  // construction). Never blocks. While somebody writes into it the answer is
  // no; it is yes when they close it.
  bool changed();

  const std::string& path() const { return path_; }

 private:
  // What tells one state of a file from another: device, inode, size, and the
  // times of its last write and last change. All 0: there is none.
  using State = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t,
                           std::int64_t, std::int64_t>;
  State scan() const;
  void watch_directory();
  bool take_events();

  std::string path_, directory_, name_;
  UniqueFd inotify_;
  int watch_{-1};
  bool writing_{};
  State last_;
};

}  // namespace hostnet
