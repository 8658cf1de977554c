#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

enum class Root { proc, sys };

// A path of the Files seam: "proc/..." or "sys/..." without empty, "." and ".."
// parts, NUL-terminated and copied without allocation. Anything else is
// Reason::malformed; `doing` begins the message.
class SeamPath {
 public:
  static Result<SeamPath> of(std::string_view path, std::string_view doing);
  Root root() const { return root_; }
  const char* below() const { return text_.data(); }  // "." for the root itself

 private:
  Root root_{};
  std::array<char, 1024> text_{};
};

// system_failure() that explains the EXDEV of Rooted::open().
std::unexpected<Error> path_failure(int system_error, std::string_view doing,
                                    std::string_view path);

// Reads a whole file into `out` (cleared first); `name` is for messages. Longer than
// `limit` bytes: Reason::exhausted.
Result<> read_whole(int file, std::string_view name, std::size_t limit, std::string& out);

inline constexpr std::size_t kLongestFile = std::size_t{64} << 20U;

// A directory below which names are opened, never leaving it.
class Rooted {
 public:
  explicit Rooted(const std::string& directory);

  // The error if the directory could not be opened.
  const Result<>& opened() const { return opened_; }
  int descriptor() const { return directory_.get(); }
  // Whether it is the kernel's procfs, not a copy or fixture.
  bool is_procfs() const;

  // open(2) below the root. Links that lead outside are EXDEV (openat2's
  // RESOLVE_BENEATH; a kernel before 5.6, or a profile that forbids openat2,
  // follows them). O_CLOEXEC is added. No descriptor: see errno.
  UniqueFd open(const char* relative, int flags) const;
  // Opens a regular file to read; `name` is for messages. Never blocks on a FIFO.
  Result<UniqueFd> open_file(const char* relative, std::string_view name) const;
  // Reads a whole regular file into `out` (cleared first), as read_whole() does.
  Result<> read(const char* relative, std::string_view name, std::size_t limit,
                std::string& out) const;

 private:
  UniqueFd directory_;
  Result<> opened_;
  bool beneath_ = false;
};

}  // namespace hostnet
