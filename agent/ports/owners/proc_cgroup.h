#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The path that tells most in the text of /proc/<pid>/cgroup (cgroup v1, hybrid
// or v2; lines "id:controllers:path"): one inside kubepods, else one inside a
// container, else that of name=systemd, of cgroup v2, of any controller; "/" for
// a process at the root everywhere, "" when no line parses. A view into `text`. Pure.
std::string_view telling_cgroup(std::string_view text);

// A path with leading "/.." (as seen from a cgroup namespace whose root is
// `root`, an absolute path) made absolute; other paths are returned as they are. Pure.
std::string absolute_cgroup(std::string_view path, std::string_view root);

}  // namespace hostnet
