#pragma once

#include <string_view>

namespace hostnet {

// "nginx" of "/usr/sbin/nginx". Pure; valid as long as `path`.
inline std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace hostnet
