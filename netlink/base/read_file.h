#pragma once

#include <string>

#include "netlink/base/error.h"

namespace hostnet {

// A small file (at most 1 MiB) of the web configuration.
Result<std::string> read_web_file(const std::string& path);

}  // namespace hostnet
