#include "agent/ports/owners/classify.h"

#include <algorithm>

namespace hostnet {
namespace {

bool is_listed_path(std::span<const std::string> node_components, std::string_view exe) {
  return exe.starts_with('/') && std::ranges::find(node_components, exe) != node_components.end();
}

bool names_unit(std::string_view entry, std::string_view unit) {
  constexpr std::string_view kService = ".service";
  return unit == entry || (unit.size() == entry.size() + kService.size() &&
                           unit.starts_with(entry) && unit.ends_with(kService));
}

}  // namespace

std::string_view runtime_served_by(std::string_view exe) {
  return exe.substr(exe.rfind('/') + 1) == "docker-proxy" ? "docker" : "";
}

bool is_node_component(std::span<const std::string> node_components, std::string_view exe,
                       std::string_view unit) {
  if (is_listed_path(node_components, exe)) return true;
  const std::string_view file = exe.substr(std::min(exe.rfind('/') + 1, exe.size()));
  return std::ranges::any_of(node_components, [&](const std::string& entry) {
    if (entry.empty() || entry.starts_with('/')) return false;
    return file == entry || names_unit(entry, unit);
  });
}

HolderKind kind_of_process(const CgroupFacts& cgroup, std::string_view exe,
                           std::span<const std::string> node_components) {
  if (cgroup.in_kubepods) {
    return is_listed_path(node_components, exe) ? HolderKind::node_component : HolderKind::pod;
  }
  if (is_node_component(node_components, exe, cgroup.unit)) return HolderKind::node_component;
  return cgroup.container_runtime.empty() ? HolderKind::unmanaged_process
                                          : HolderKind::unmanaged_container;
}

HolderKind kind_of_cgroup(const CgroupFacts& cgroup, std::span<const std::string> node_components) {
  const bool tells_nothing =
      cgroup.unit.empty() || cgroup.unit == "init.scope" || cgroup.unit.ends_with(".slice");
  if (!cgroup.in_kubepods && cgroup.container_runtime.empty() && tells_nothing) {
    return HolderKind::unknown;
  }
  return kind_of_process(cgroup, "", node_components);
}

}  // namespace hostnet
