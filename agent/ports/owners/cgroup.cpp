#include "agent/ports/owners/cgroup.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace hostnet {
namespace {

constexpr std::size_t kContainerIdLength = 64;

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_hex_digit(char c) {
  return is_lower_hex(c) || (c >= 'A' && c <= 'F');
}

bool is_container_id(std::string_view text) {
  return text.size() == kContainerIdLength && std::ranges::all_of(text, is_lower_hex);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

// 8-4-4-4-12 hexadecimal digits, or 32 of them (a static pod's hash).
bool is_generated_uid(std::string_view uid) {
  constexpr std::size_t kUuidLength = 36;
  constexpr std::size_t kHashLength = 32;
  if (uid.size() == kHashLength) return std::ranges::all_of(uid, is_hex_digit);
  if (uid.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < uid.size(); ++i) {
    const bool separator = i == 8 || i == 13 || i == 18 || i == 23;
    if (separator ? (uid[i] != '-' && uid[i] != '_') : !is_hex_digit(uid[i])) return false;
  }
  return true;
}

// A manifest may set any UID; kubelet makes it a part of a directory name.
bool is_plausible_uid(std::string_view uid) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  return !uid.empty() && std::ranges::all_of(uid, allowed);
}

// systemd's slices nest by '-', so kubelet writes '_' for the '-' of a UID.
std::string uid_with_dashes(std::string_view uid) {
  std::string text(uid);
  std::ranges::replace(text, '_', '-');
  return text;
}

bool is_qos_class(std::string_view part) {
  return part == "burstable" || part == "besteffort";
}

// "kubepods-burstable-pod<uid>", "kubelet-kubepods", "pods-kubepods-pod<uid>":
// a slice without its suffix. Engaged when one of its parts is "kubepods"; the
// value is the UID or "".
std::optional<std::string> kubepods_slice(std::string_view slice) {
  std::string_view rest = slice;
  bool found = false;
  while (!rest.empty() && !found) {
    const std::size_t dash = std::min(rest.find('-'), rest.size());
    found = rest.substr(0, dash) == "kubepods";
    rest.remove_prefix(std::min(dash + 1, rest.size()));
  }
  if (!found) return std::nullopt;
  if (const std::size_t dash = std::min(rest.find('-'), rest.size());
      is_qos_class(rest.substr(0, dash))) {
    rest.remove_prefix(std::min(dash + 1, rest.size()));
  }
  if (!take_prefix(rest, "pod") || !is_plausible_uid(rest)) return std::string{};
  return uid_with_dashes(rest);
}

struct RuntimePrefix {
  std::string_view prefix;
  std::string_view runtime;
};
// Monitors (crio-conmon-, libpod-conmon-) do not match: no id follows at once.
constexpr std::array<RuntimePrefix, 5> kRuntimePrefixes{{
    {"cri-containerd-", "containerd"},
    {"crio-", "cri-o"},
    {"docker-", "docker"},
    {"libpod-", "podman"},
    {"nerdctl-", "containerd"},
}};

struct ContainerName {
  std::string_view id;
  std::string_view runtime;  // "" when the name does not tell
};

// One directory that a runtime made for one container.
std::optional<ContainerName> container_directory(std::string_view name) {
  take_suffix(name, ".scope");
  if (is_container_id(name)) return ContainerName{name, ""};
  for (const auto& [prefix, runtime] : kRuntimePrefixes) {
    std::string_view id = name;
    if (take_prefix(id, prefix) && is_container_id(id)) return ContainerName{id, runtime};
  }
  return std::nullopt;
}

bool is_monitor(std::string_view name) {
  return name.find("conmon-") != std::string_view::npos;
}

// The container of a pod: the first directory below the pod that is one. What
// a monitor's directory holds is the pod's, but in none of its containers.
std::string container_of_pod(const std::vector<std::string_view>& parts, std::size_t after_pod) {
  for (std::size_t i = after_pod; i < parts.size(); ++i) {
    if (is_monitor(parts[i])) return {};
    if (const auto container = container_directory(parts[i])) return std::string(container->id);
  }
  return {};
}

// cgroupfs: "kubepods[/<qos>]/pod<uid>/<container>".
std::size_t read_pod_directory(const std::vector<std::string_view>& parts, std::size_t next,
                               CgroupFacts& facts) {
  if (next < parts.size() && is_qos_class(parts[next])) ++next;
  if (next >= parts.size()) return next;
  std::string_view uid = parts[next];
  if (!take_prefix(uid, "pod") || !is_plausible_uid(uid)) return next;
  facts.pod_uid = uid_with_dashes(uid);
  return next + 1;
}

// With cgroup drivers that do not match, runc takes "slice:runtime:id" for one
// directory name below its own service.
bool read_mismatched_name(std::string_view part, CgroupFacts& facts) {
  const std::size_t first = part.find(':');
  const std::size_t last = part.rfind(':');
  if (first == std::string_view::npos || first == last) return false;
  std::string_view slice = part.substr(0, first);
  take_suffix(slice, ".slice");
  auto uid = kubepods_slice(slice);
  if (!uid) return false;
  facts.in_kubepods = true;
  facts.pod_uid = std::move(*uid);
  if (const auto id = part.substr(last + 1); is_container_id(id)) facts.container_id = id;
  return true;
}

bool read_kubepods(const std::vector<std::string_view>& parts, CgroupFacts& facts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (read_mismatched_name(parts[i], facts)) return true;
    if (parts[i] == "kubepods") {
      facts.in_kubepods = true;
      facts.container_id = container_of_pod(parts, read_pod_directory(parts, i + 1, facts));
      return true;
    }
    std::string_view slice = parts[i];
    if (!take_suffix(slice, ".slice")) continue;
    auto uid = kubepods_slice(slice);
    if (!uid) continue;
    facts.in_kubepods = true;
    facts.pod_uid = std::move(*uid);
    // Slices repeat their parents' names: the pod's is the first that has a UID.
    if (!facts.pod_uid.empty()) {
      facts.container_id = container_of_pod(parts, i + 1);
      return true;
    }
  }
  return facts.in_kubepods;
}

// "/../../burstable/pod<uid>/<container>": seen from a pod whose kubepods is
// above the root of its cgroup namespace. Only UIDs that Kubernetes generates
// are believed here.
bool read_relative_pod(const std::vector<std::string_view>& parts, CgroupFacts& facts) {
  std::size_t next = 0;
  if (next < parts.size() && is_qos_class(parts[next])) ++next;
  if (next >= parts.size()) return false;
  std::string_view uid = parts[next];
  if (!take_prefix(uid, "pod") || !is_generated_uid(uid)) return false;
  facts.in_kubepods = true;
  facts.pod_uid = uid_with_dashes(uid);
  facts.container_id = container_of_pod(parts, next + 1);
  return true;
}

std::string_view runtime_of_parent(std::string_view parent) {
  if (parent == "docker") return "docker";
  if (parent == "libpod_parent" || parent.starts_with("libpod_pod_") ||
      parent.starts_with("machine-libpod_pod_")) {
    return "podman";
  }
  if (parent == "k8s.io" || parent == "default" || parent == "moby") return "containerd";
  return "container";
}

// How many parts, from the outermost, lead into a container; 0: none does.
std::size_t read_container(const std::vector<std::string_view>& parts, CgroupFacts& facts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = parts[i];
    const std::string_view parent = i > 0 ? parts[i - 1] : std::string_view{};
    if (is_monitor(part)) return 0;
    if (const auto container = container_directory(part)) {
      facts.container_id = container->id;
      facts.container_runtime =
          container->runtime.empty() ? runtime_of_parent(parent) : container->runtime;
      return i + 1;
    }
    // LXC 4 names its directories lxc.payload.<name>, older ones lxc/<name>.
    if (parent == "lxc" || parent == "lxc.payload" || take_prefix(part, "lxc.payload.")) {
      facts.container_id = part;
      facts.container_runtime = "lxc";
      return i + 1;
    }
    if (take_prefix(part, "systemd-nspawn@") && take_suffix(part, ".service")) {
      facts.container_id = part;
      facts.container_runtime = "systemd-nspawn";
      return i + 1;
    }
  }
  return 0;
}

bool is_unit_with_processes(std::string_view name) {
  constexpr std::array<std::string_view, 5> kSuffixes{".service", ".scope", ".socket", ".mount",
                                                      ".swap"};
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

// As systemd's cg_path_get_unit() reads it: slices, then one unit. Below that
// the unit does as it likes (Delegate=), and names there are not the host's.
std::string host_unit(const std::vector<std::string_view>& parts) {
  std::string_view slice;
  for (std::string_view part : parts) {
    if (part.size() > 1 && part.front() == '_') part.remove_prefix(1);  // cg_escape()
    if (is_unit_with_processes(part)) return std::string(part);
    if (!part.ends_with(".slice")) break;
    slice = part;
  }
  return std::string(slice);
}

bool has_pod_or_container(std::string_view path, bool pod) {
  const CgroupFacts facts = parse_cgroup(path);
  return pod ? facts.in_kubepods : !facts.container_runtime.empty();
}

}  // namespace

CgroupFacts parse_cgroup(std::string_view path) {
  CgroupFacts facts;
  const std::vector<std::string_view> parts = split_path(path);
  if (read_kubepods(parts, facts)) return facts;
  if (path.starts_with("/..") && read_relative_pod(parts, facts)) return facts;
  read_container(parts, facts);
  facts.unit = host_unit(parts);
  return facts;
}

std::string_view telling_cgroup(std::string_view text) {
  struct Line {
    std::string_view controllers, path;
  };
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view path = line.substr(second + 1);
    take_suffix(path, " (deleted)");
    if (!path.starts_with('/')) continue;
    lines.push_back({line.substr(first + 1, second - first - 1), path});
  }
  for (const bool pod : {true, false}) {
    for (const Line& line : lines) {
      if (has_pod_or_container(line.path, pod)) return line.path;
    }
  }
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

std::string_view container_of_node(std::string_view path_of_init) {
  CgroupFacts facts;
  const std::vector<std::string_view> parts = split_path(path_of_init);
  if (read_kubepods(parts, facts)) return {};
  const std::size_t count = read_container(parts, facts);
  if (count == 0) return {};
  const std::string_view last = parts[count - 1];
  const auto length = static_cast<std::size_t>(last.end() - path_of_init.begin());
  return path_of_init.substr(0, length);
}

}  // namespace hostnet
