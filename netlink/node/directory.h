#pragma once

#include <dirent.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace hostnet {

// Calls visit(const dirent64&) for every entry of an open directory except "."
// and "..", directly from the kernel's buffer, without allocation. A visit that returns
// false ends the walk. Returns 0 or the errno of getdents64(2).
template <class Visit>
int for_each_entry(int directory, Visit&& visit) {
  alignas(dirent64) char buffer[32 * 1024];
  for (;;) {
    const auto filled = ::getdents64(directory, buffer, sizeof buffer);
    if (filled < 0) return errno;
    if (filled == 0) return 0;
    for (std::ptrdiff_t at = 0; at < filled;) {
      const auto& entry = *reinterpret_cast<const dirent64*>(buffer + at);
      at += entry.d_reclen;
      const std::string_view name = entry.d_name;
      if (name == "." || name == "..") continue;
      if (!visit(entry)) return 0;
    }
  }
}

}  // namespace hostnet
