#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// Fills a directory with a recording: files 0600, directories 0700.
class RecordingWriter {
 public:
  // Whether `directory` is absent or an empty directory.
  static Result<> check(const std::string& directory);
  // Creates `directory` and its proc, sys and netlink, and lets `fill` write the
  // rest. When `fill` fails, everything written is removed again.
  static Result<> write(const std::string& directory,
                        const std::function<Result<>(const RecordingWriter&)>& fill);

  // `path` is relative to the directory; its parent directories are created.
  Result<> file(const std::string& path, std::string_view contents) const;
  // Must be written last: under another name first, then renamed.
  Result<> index(std::string_view contents) const;

 private:
  RecordingWriter(std::string directory, UniqueFd fd)
      : directory_(std::move(directory)), fd_(std::move(fd)) {}
  std::unexpected<Error> fail(int system_error, std::string_view path) const;

  std::string directory_;
  UniqueFd fd_;
};

}  // namespace hostnet
