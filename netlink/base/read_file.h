#pragma once

#include <cstddef>
#include <string>

#include "netlink/base/error.h"

namespace hostnet {

// The size limit of configuration and credentials.
inline constexpr std::size_t kLargestSmallFile = std::size_t{1} << 20;

// Reads a whole regular file. Links are followed; a pipe, a device or a folder is an
// error and never blocks. Larger than `most`: Reason::exhausted.
Result<std::string> read_regular_file(const std::string& path,
                                      std::size_t most = kLargestSmallFile);

}  // namespace hostnet
