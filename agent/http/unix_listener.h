#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// The file of a listening unix socket; the destructor removes it if it is still ours.
class UnixSocketFile {
 public:
  UnixSocketFile() = default;
  UnixSocketFile(std::string path, dev_t device, ino_t inode)
      : path_(std::move(path)), device_(device), inode_(inode) {}
  UnixSocketFile(UnixSocketFile&& other) noexcept { swap(other); }
  UnixSocketFile& operator=(UnixSocketFile&& other) noexcept {
    swap(other);
    return *this;
  }
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;
  ~UnixSocketFile();

 private:
  void swap(UnixSocketFile& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
  }

  std::string path_;  // empty: nothing to remove
  dev_t device_{};
  ino_t inode_{};
};

struct UnixListener {
  UniqueFd socket;  // listening, non-blocking
  UnixSocketFile file;
};

// Listens at `path` with mode 0600, whatever the umask, or 0660 for `group` (a
// name or a number). An existing file is removed only if it is a socket of this
// user at which no process listens; anything else is an error. Errors name the
// address as `text`.
Result<UnixListener> listen_unix(const std::string& path, const std::string& group,
                                 const std::string& text);

}  // namespace hostnet
