#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "netlink/base/error.h"
#include "netlink/base/file_watch.h"

namespace hostnet {

// --web.details-token-file: the token a client sends ("Authorization: Bearer ...")
// to see the details with --web.details=token. Reloaded when the file changes;
// while it cannot be read, or holds less than kShortestToken characters, no token
// is accepted. One thread.
class DetailsToken {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kShortestToken = 16;

  DetailsToken() = default;  // accepts no token
  static Result<DetailsToken> open(const std::string& file);

  void scan(Time now);
  // Takes as long for a wrong token as for the right one.
  bool shown_in(std::string_view authorization) const;

 private:
  std::string file_;
  FileStamp seen_;
  std::string token_;
  Time scan_again_;
};

}  // namespace hostnet
