#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/unique_fd.h"

namespace hostnet {

// Descriptors of /proc files that stay open from read to read: opening and
// closing costs more than reading most of them. A reader takes a descriptor out
// and puts it back, so two never share one. The least recently used goes when
// there are too many. Thread safe.
class KeptFiles {
 public:
  static constexpr std::size_t kMost = 48;

  // Whether a path below procfs's root names the same file for as long as this
  // process lives: one that is not of a process, but for pid 1 and ourselves. It
  // may still go and come with a kernel module; a read then fails.
  static bool keepable(std::string_view path);

  // None when it is not kept, or taken.
  UniqueFd take(std::string_view path);
  void put_back(std::string_view path, UniqueFd file);

 private:
  struct Kept {
    std::string path;
    UniqueFd file;
    std::uint64_t used{};
  };

  std::mutex mutex_;
  std::vector<Kept> kept_;
  std::uint64_t uses_{};
};

}  // namespace hostnet
