#include "agent/ports/owners/classify.h"

#include <algorithm>
#include <array>

#include "agent/ports/file_name.h"
#include "agent/ports/owners/name_pattern.h"

namespace hostnet {
namespace {

template <class Names>
bool any_entry(std::span<const std::string> node_components, const Names& names) {
  return std::ranges::any_of(node_components, [&](const std::string& entry) {
    const auto matches = [&](std::string_view name) {
      std::string_view captured;
      return matches_pattern(entry, name, captured);
    };
    return names(matches, entry.starts_with('/'));
  });
}

std::string_view stem(std::string_view unit) {
  constexpr std::array<std::string_view, 3> kSuffixes{".service", ".scope", ".socket"};
  for (const std::string_view suffix : kSuffixes) {
    if (unit.ends_with(suffix)) return unit.substr(0, unit.size() - suffix.size());
  }
  return unit;
}

}  // namespace

bool names_executable(std::span<const std::string> node_components, std::string_view exe) {
  if (exe.empty()) return false;
  const std::string_view file = file_name(exe);
  return any_entry(node_components, [&](const auto& matches, bool is_path) {
    return matches(is_path ? exe : file);
  });
}

bool names_unit(std::span<const std::string> node_components, std::string_view unit) {
  if (unit.empty()) return false;
  return any_entry(node_components, [&](const auto& matches, bool is_path) {
    return !is_path && (matches(unit) || matches(stem(unit)));
  });
}

HolderKind kind_of_process(const CgroupFacts& cgroup, bool runs_component,
                           std::span<const std::string> node_components) {
  if (cgroup.in_kubepods) return HolderKind::pod;
  if (!cgroup.container_runtime.empty()) return HolderKind::unmanaged_container;
  if (cgroup.user) return HolderKind::unmanaged_process;
  const bool component =
      runs_component || cgroup.of_node || names_unit(node_components, cgroup.unit);
  return component ? HolderKind::node_component : HolderKind::unmanaged_process;
}

HolderKind kind_of_cgroup(const CgroupFacts& cgroup, std::span<const std::string> node_components) {
  const bool tells_nothing =
      cgroup.unit.empty() || cgroup.unit == "init.scope" || cgroup.unit.ends_with(".slice");
  if (!cgroup.in_kubepods && cgroup.container_runtime.empty() && !cgroup.of_node && tells_nothing) {
    return HolderKind::unknown;
  }
  return kind_of_process(cgroup, false, node_components);
}

}  // namespace hostnet
