#include "agent/ports/owners/cgroup_lookup.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>

#include "agent/ports/owners/name_pattern.h"
#include "agent/ports/owners/proc_cgroup.h"
#include "netlink/base/text.h"

namespace hostnet {

void describe_place(const CgroupPlace& place, Owner& owner) {
  owner.cgroup = place.path.substr(0, kLongestCgroup);
  owner.unit = place.facts.unit;
  owner.pod_uid = place.facts.pod_uid;
  owner.container_id = place.facts.container_id;
  owner.container_runtime = place.facts.container_runtime;
  owner.user = place.facts.user;
}

void CgroupLookup::learn_mount() {
  if (mount_) return;
  unified_ = files_.exists("sys/fs/cgroup/cgroup.controllers");
  mount_ = unified_ ? "sys/fs/cgroup" : "sys/fs/cgroup/unified";
}

bool CgroupLookup::is_unified() {
  learn_mount();
  return unified_;
}

std::string CgroupLookup::path_from_node_root(std::string_view path) {
  if (!node_container_) {
    std::string text;
    node_container_ = "";
    if (files_.read("proc/1/cgroup", text)) {
      node_container_ = std::string(container_of_node(telling_cgroup(text)));
    }
  }
  const std::string& prefix = *node_container_;
  if (!prefix.empty() && path.starts_with(prefix) &&
      (path.size() == prefix.size() || path[prefix.size()] == '/')) {
    path.remove_prefix(prefix.size());
  }
  return path.empty() ? "/" : std::string(path);
}

const CgroupPlace* CgroupLookup::of_id(std::optional<std::uint64_t> id) {
  constexpr std::uint64_t kRoot = 1;
  if (!id || *id <= kRoot) return nullptr;
  if (const auto known = by_id_.find(*id); known != by_id_.end()) {
    return known->second ? &*known->second : nullptr;
  }
  auto path = files_.cgroup_path(*id);
  // The tree must not be walked again yet: retry later.
  if (!path && path.error().reason == Reason::timeout) return nullptr;
  auto& place = by_id_[*id];
  if (path && *path != "/") {
    place = CgroupPlace{.path = *path, .facts = parse_cgroup(path_from_node_root(*path))};
  }
  return place ? &*place : nullptr;
}

std::vector<int> CgroupLookup::processes_in(const CgroupPlace& place, bool& hidden) {
  learn_mount();
  std::vector<int> pids;
  const std::string path = fmt::format("{}{}/cgroup.procs", *mount_, place.path);
  if (!files_.read(path, text_)) return pids;
  std::string_view rest = text_;
  while (!rest.empty()) {
    const int pid = parse_number<int>(take_until(rest, '\n')).value_or(-1);
    // The kernel writes 0 for processes without a pid in the reader's namespace.
    if (pid == 0) hidden = true;
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

std::string CgroupLookup::container_beside(const CgroupPlace& monitor) {
  constexpr std::string_view kMonitor = "/runtime";
  learn_mount();
  std::string id;
  if (!monitor.path.ends_with(kMonitor)) return id;
  const auto unit = std::string_view(monitor.path).substr(0, monitor.path.size() - kMonitor.size());
  const auto names = files_.list(fmt::format("{}{}", *mount_, unit));
  if (!names) return id;
  for (const std::string& name : *names) {
    std::string_view found;
    if (!matches_pattern("libpod-payload-{id}", name, found)) continue;
    if (!id.empty()) return "";
    id = found;
  }
  return id;
}

std::size_t CgroupLookup::fingerprint_of(int pid) {
  if (!files_.read(fmt::format("proc/{}/cgroup", pid), text_)) return 0;
  return std::hash<std::string>{}(text_);
}

CgroupPlace CgroupLookup::of_process(int pid, std::size_t& fingerprint) {
  fingerprint = fingerprint_of(pid);
  if (fingerprint == 0) return {};
  const std::string_view path = telling_cgroup(text_);
  if (path.empty() || path == "/") return {};
  CgroupPlace place;
  if (path.starts_with("/..") && own_path_.empty()) {
    // Only the end of the path is known.
    place.path = path;
    place.facts = parse_cgroup(path);
    return place;
  }
  place.path = path_from_node_root(absolute_cgroup(path, own_path_));
  place.facts = parse_cgroup(place.path);
  return place;
}

void CgroupLookup::trim() {
  constexpr std::size_t kMany = 512;  // a lookup costs microseconds, an entry some 600 bytes
  if (by_id_.size() > kMany) by_id_.clear();
}

}  // namespace hostnet
