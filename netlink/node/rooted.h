#pragma once

#include <array>
#include <string>
#include <string_view>

#include "netlink/error.h"
#include "netlink/unique_fd.h"

namespace hostnet {

enum class Root { proc, sys };

// A path of the Files seam: "proc/..." or "sys/..." without empty, "." and ".."
// parts, NUL-terminated and copied without allocation. Anything else is
// Reason::malformed.
class SeamPath {
 public:
  static Result<SeamPath> of(std::string_view path);
  Root root() const { return root_; }
  const char* below() const { return text_.data(); }  // "." for the root itself

 private:
  Root root_{};
  std::array<char, 1024> text_{};
};

// A directory below which names are opened, without leaving it.
class Rooted {
 public:
  explicit Rooted(const std::string& directory);

  // Why the directory could not be opened.
  const Result<>& opened() const { return opened_; }
  int descriptor() const { return directory_.get(); }

  // open(2) below the root. Links that lead out of it are EXDEV (openat2's
  // RESOLVE_BENEATH; a kernel before 5.6, or a profile that forbids openat2,
  // follows them). O_CLOEXEC is added. No descriptor: errno tells.
  UniqueFd open(const char* relative, int flags) const;

 private:
  UniqueFd directory_;
  Result<> opened_;
  bool beneath_ = false;
};

}  // namespace hostnet
