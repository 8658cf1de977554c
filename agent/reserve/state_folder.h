#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// A dedicated folder in which one agent at a time keeps a small file.
class StateFolder {
 public:
  // Creates the folder (not its parents) and holds a lock on it until destroyed. Reason::exhausted:
  // another process holds the lock.
  static Result<std::unique_ptr<StateFolder>> open(const std::string& path);

  // Unset: there is no file yet.
  Result<std::optional<std::string>> read() const;
  // Atomic, even if the process is killed.
  Result<> write(std::string_view text) const;

 private:
  StateFolder(std::string path, UniqueFd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  const std::string path_;
  const UniqueFd folder_;
};

}  // namespace hostnet
