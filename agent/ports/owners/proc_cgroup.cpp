#include "agent/ports/owners/proc_cgroup.h"

#include <algorithm>
#include <vector>

#include "agent/ports/owners/cgroup.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

struct Line {
  std::string_view controllers, path;
};

std::vector<Line> lines_of(std::string_view text) {
  constexpr std::string_view kDeleted = " (deleted)";
  std::vector<Line> lines;
  while (!text.empty()) {
    std::string_view path = take_until(text, '\n');
    take_until(path, ':');
    const std::string_view controllers = take_until(path, ':');
    if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
    if (path.starts_with('/')) lines.push_back({controllers, path});
  }
  return lines;
}

}  // namespace

std::string_view telling_cgroup(std::string_view text) {
  const std::vector<Line> lines = lines_of(text);
  const Line* in_container = nullptr;
  for (const Line& line : lines) {
    const CgroupFacts facts = parse_cgroup(line.path);
    if (facts.in_kubepods) return line.path;
    if (in_container == nullptr && !facts.container_runtime.empty()) in_container = &line;
  }
  if (in_container != nullptr) return in_container->path;
  for (const std::string_view wanted : {"name=systemd", ""}) {
    for (const Line& line : lines) {
      if (line.controllers == wanted && line.path != "/") return line.path;
    }
  }
  for (const Line& line : lines) {
    if (line.path != "/") return line.path;
  }
  return lines.empty() ? std::string_view{} : lines.front().path;
}

std::string absolute_cgroup(std::string_view path, std::string_view root) {
  if (!path.starts_with("/..")) return std::string(path);
  std::string base(root);
  while (base.ends_with('/')) base.pop_back();
  while (path == "/.." || path.starts_with("/../")) {
    path.remove_prefix(3);
    base.resize(std::min(base.rfind('/'), base.size()));
  }
  base += path;
  return base.empty() ? "/" : base;
}

}  // namespace hostnet
