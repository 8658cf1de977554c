#include "agent/metrics/holder_label.h"

#include <algorithm>
#include <array>

#include "netlink/base/ascii.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::size_t kShortId = 12;  // the shortest container id that runtimes print

bool is_hex_id(std::string_view text) {
  return text.size() >= kShortId && std::ranges::all_of(text, is_lower_hex_digit);
}

}  // namespace

std::string fold_transient_name(std::string_view name) {
  if (is_hex_id(name)) return "container";
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (is_uuid(name.substr(at, kUuidLength))) {
      return std::string(name.substr(0, at)) + "*" + std::string(name.substr(at + kUuidLength));
    }
  }
  const auto dot = name.rfind('.');
  const std::string_view suffix = dot == std::string_view::npos ? "" : name.substr(dot);
  if (suffix != ".scope" && suffix != ".service") return std::string(name);
  const std::string_view stem = name.substr(0, dot);
  if (stem.starts_with("session-")) return "session-*" + std::string(suffix);
  // systemd-run: "run-r<hex>", "run-u<number>", "run-<pid>".
  if (stem.starts_with("run-")) return "run-*" + std::string(suffix);
  const auto dash = stem.rfind('-');
  if (dash != std::string_view::npos && dash > 0 && is_hex_id(stem.substr(dash + 1))) {
    return std::string(stem.substr(0, dash));
  }
  return std::string(name);
}

std::string holder_label(const Holder& holder) {
  if (holder.owner.kind == HolderKind::pod) return holder.name;
  const Owner& owner = holder.owner;
  if (owner.kind == HolderKind::unmanaged_container) {
    // These use the containers' human-readable names; others use ids.
    static constexpr std::array<std::string_view, 4> kWithNames{"lxc", "libvirt-lxc",
                                                                "systemd-nspawn", "containerd"};
    const bool named = contains(kWithNames, owner.container_runtime);
    if (!named || owner.container_id.empty() || is_hex_id(owner.container_id)) {
      return owner.container_runtime;
    }
    return owner.container_runtime + " " + fold_transient_name(owner.container_id);
  }
  return fold_transient_name(holder.name);
}

}  // namespace hostnet
