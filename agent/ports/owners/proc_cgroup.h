#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The most informative path in the text of /proc/<pid>/cgroup (cgroup v1, hybrid or v2; lines
// "id:controllers:path"): one inside kubepods, else one inside a container, else that of
// name=systemd, of cgroup v2, of any controller; "/" if the process is at the root everywhere, ""
// if no line parses. A view into `text`. Pure.
std::string_view telling_cgroup(std::string_view text);

// Makes a path with leading "/.." (as seen from a cgroup namespace with the absolute path `root` as
// its root) absolute; returns other paths unchanged. Pure.
std::string absolute_cgroup(std::string_view path, std::string_view root);

}  // namespace hostnet
