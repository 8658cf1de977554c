#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/file_watch.h"

namespace hostnet {

// --web.details-token-file: what a client shows ("Authorization: Bearer ...") to
// see the details with --web.details=token. Read again when the file changes;
// while it cannot be read, or holds less than kShortestToken characters, no token
// is right. One thread.
class DetailsToken {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kShortestToken = 16;

  DetailsToken() = default;  // none is right
  static Result<DetailsToken> open(const std::string& file);

  void scan(Time now);
  // Takes as long for a wrong one as for the right one.
  bool shown_in(std::string_view authorization) const;

 private:
  std::string file_;
  FileStamp seen_;
  std::string token_;
  Time scan_again_;
};

}  // namespace hostnet
