#pragma once

#include <cstddef>
#include <string>

#include "netlink/base/error.h"

namespace hostnet {

// What configuration and credentials may be.
inline constexpr std::size_t kLargestSmallFile = std::size_t{1} << 20;

// A regular file, whole. Links are followed; a pipe, a device or a folder is refused
// and never waited for. Larger than `most`: Reason::exhausted.
Result<std::string> read_regular_file(const std::string& path,
                                      std::size_t most = kLargestSmallFile);

}  // namespace hostnet
