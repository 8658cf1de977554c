// kubelet: pkg/kubelet/cm/pod_container_manager_linux.go, cgroup_manager_linux.go; containerd:
// internal/cri/server/helpers.go; CRI-O: internal/config/cgmgr; cri-dockerd.

#include "agent/ports/owners/kubepods.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/ports/owners/name_pattern.h"
#include "netlink/base/ascii.h"

namespace hostnet {
namespace {

// A manifest may set any UID; kubelet uses it in a directory name.
bool is_plausible_uid(std::string_view uid) {
  return !uid.empty() && std::ranges::all_of(uid, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  });
}

// systemd nests slices by '-', so kubelet writes '_' in place of the '-' of a UID.
std::string uid_with_dashes(std::string_view uid) {
  std::string text(uid);
  std::ranges::replace(text, '_', '-');
  return text;
}

// A UUID, or the hash of a static pod.
bool is_generated_uid(std::string_view uid) {
  constexpr std::size_t kHashLength = 32;
  if (uid.size() == kHashLength) return std::ranges::all_of(uid, is_hex_digit);
  return is_uuid(uid_with_dashes(uid));
}

bool is_qos_class(std::string_view part) {
  return part == "burstable" || part == "besteffort";
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

// "kubepods-burstable-pod<uid>", "kubelet-kubepods", "pods-kubepods-pod<uid>": a slice without its
// suffix. Set if one of its words is "kubepods"; the value is the UID or "".
std::optional<std::string> uid_of_slice(std::string_view slice) {
  bool found = false;
  const auto next_word = [&] {
    const std::string_view word = slice.substr(0, slice.find('-'));
    slice.remove_prefix(std::min(word.size() + 1, slice.size()));
    return word;
  };
  while (!slice.empty() && !found) found = next_word() == "kubepods";
  if (!found) return std::nullopt;
  if (is_qos_class(slice.substr(0, slice.find('-')))) next_word();
  if (!take_prefix(slice, "pod") || !is_plausible_uid(slice)) return std::string{};
  return uid_with_dashes(slice);
}

// If the cgroup drivers do not match, runc uses "slice:runtime:id" as one directory name below its
// own service.
std::optional<PodPlace> read_mismatched_name(std::string_view name) {
  const std::size_t first = name.find(':');
  const std::size_t last = name.rfind(':');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  auto uid = uid_of_slice(without_suffix(name.substr(0, first), ".slice"));
  if (!uid) return std::nullopt;
  const std::string_view id = name.substr(last + 1);
  return PodPlace{*std::move(uid), std::string(is_container_id(id) ? id : std::string_view{})};
}

// "<id>", "cri-containerd-<id>.scope", "crio-<id>", "docker-<id>.scope". Monitors
// ("crio-conmon-<id>.scope") do not match: the id does not follow the prefix directly.
std::string_view container_directory(std::string_view name) {
  constexpr std::array<std::string_view, 4> kPrefixes{"", "cri-containerd-", "crio-", "docker-"};
  name = without_suffix(name, ".scope");
  for (const std::string_view prefix : kPrefixes) {
    std::string_view id = name;
    if (take_prefix(id, prefix) && is_container_id(id)) return id;
  }
  return {};
}

// The first container directory below the pod. Processes in a monitor's directory belong to the pod
// but to none of its containers.
std::string container_of_pod(std::span<const std::string_view> below_pod) {
  for (const std::string_view name : below_pod) {
    if (name.find("conmon-") != std::string_view::npos) break;
    if (const auto id = container_directory(name); !id.empty()) return std::string(id);
  }
  return {};
}

// cgroupfs: "[<qos>/]pod<uid>/<container>".
PodPlace read_pod_directory(std::span<const std::string_view> parts) {
  if (!parts.empty() && is_qos_class(parts.front())) parts = parts.subspan(1);
  if (parts.empty()) return {};
  std::string_view uid = parts.front();
  if (!take_prefix(uid, "pod") || !is_plausible_uid(uid)) return {"", container_of_pod(parts)};
  return {uid_with_dashes(uid), container_of_pod(parts.subspan(1))};
}

}  // namespace

bool is_kubepods(std::string_view name) {
  if (name == "kubepods" || read_mismatched_name(name)) return true;
  return name.ends_with(".slice") && uid_of_slice(without_suffix(name, ".slice"));
}

PodPlace read_kubepods(std::span<const std::string_view> parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (auto place = read_mismatched_name(parts[i])) return *std::move(place);
    if (parts[i] == "kubepods") return read_pod_directory(parts.subspan(i + 1));
    if (!parts[i].ends_with(".slice")) continue;
    // Slices repeat their parents' names: the pod's is the first one with a UID.
    auto uid = uid_of_slice(without_suffix(parts[i], ".slice"));
    if (uid && !uid->empty()) return {*std::move(uid), container_of_pod(parts.subspan(i + 1))};
  }
  return {};
}

PodPlace read_relative_pod(std::span<const std::string_view> parts) {
  PodPlace place = read_pod_directory(parts);
  if (!is_generated_uid(place.uid)) return {};
  return place;
}

}  // namespace hostnet
