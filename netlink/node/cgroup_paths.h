#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/base/pacer.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// Finds a cgroup-v2 directory by its id: its inode number, which INET_DIAG_CGROUP_ID
// reports for a socket. Thread safe.
//
// The fast way builds a kernfs file handle from the id (include/linux/exportfs.h,
// FILEID_KERNFS) and calls open_by_handle_at(2), which needs CAP_DAC_READ_SEARCH; the
// answer is right in a private cgroup namespace and through a bind mount, where
// proc/<pid>/cgroup is relative. Without the capability the tree is walked and
// remembered.
class CgroupPaths {
 public:
  // `sysfs` is the root of --path.sysfs: fs/cgroup is a cgroup2 mount, or (hybrid)
  // fs/cgroup/unified is one. If neither: every find() is unsupported.
  explicit CgroupPaths(int sysfs);
  // For tests: any directory in place of the mount, and always by walking.
  static CgroupPaths walking(UniqueFd directory);
  CgroupPaths(const CgroupPaths&) = delete;
  CgroupPaths& operator=(const CgroupPaths&) = delete;
  ~CgroupPaths() = default;

  // "/" is the root. Reason::vanished: there is no such cgroup (any more).
  // Reason::timeout: it is not among those seen by the last walk, which was too recent
  // to walk again; retry later.
  Result<std::string> find(std::uint64_t id, const Clock& clock);

  // Walks so far; for tests of the pacing.
  std::uint64_t walks() const { return walks_.load(); }

 private:
  struct WalkOnly {};
  CgroupPaths(UniqueFd directory, WalkOnly) : mount_(std::move(directory)), by_handle_(false) {}

  Result<std::string> find_by_handle(std::uint64_t id) const;
  Result<std::string> find_by_walking(std::uint64_t id, const Clock& clock);
  bool is_at(const std::string& path, std::uint64_t id) const;
  void walk();

  UniqueFd mount_;
  std::atomic<bool> by_handle_{true};
  std::atomic<std::uint64_t> walks_{0};
  std::mutex mutex_;  // guards the members below
  std::unordered_map<std::uint64_t, std::string> seen_;
  // A stream of vanished ids must not turn into a stream of walks.
  Pacer walk_pacer_{20, std::chrono::seconds(1)};
};

}  // namespace hostnet
