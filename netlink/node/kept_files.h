#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/unique_fd.h"

namespace hostnet {

// Descriptors of /proc files that stay open between reads: opening and closing costs
// more than reading most of them. A reader takes a descriptor out and puts it back, so
// two never share one. The least recently used is closed when there are too many.
// Thread safe.
class KeptFiles {
 public:
  static constexpr std::size_t kMost = 48;

  // Whether a path below procfs's root names the same file for this process's whole
  // life: not a process's file, except pid 1's and our own. It may still disappear and
  // return with a kernel module; a read then fails.
  static bool keepable(std::string_view path);

  // No descriptor when it is not kept, or is in use.
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
