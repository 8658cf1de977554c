#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// A folder of its own in which one agent at a time keeps a small file.
class StateFolder {
 public:
  // Makes the folder (not those above it) and holds a lock on it until destroyed.
  // Reason::exhausted: another process holds it.
  static Result<std::unique_ptr<StateFolder>> open(const std::string& path);

  // Unset: there is none yet.
  Result<std::optional<std::string>> read() const;
  // All or nothing, whenever the process ends.
  Result<> write(std::string_view text) const;

 private:
  StateFolder(std::string path, UniqueFd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  const std::string path_;
  const UniqueFd folder_;
};

}  // namespace hostnet
