#include "agent/ports/owners/cgroup.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "agent/ports/owners/cgroup_shapes.h"
#include "agent/ports/owners/kubepods.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = take_until(path, '/');
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  return parts;
}

// N of "user@N.service".
std::optional<std::uint32_t> user_of_manager(std::string_view unit) {
  constexpr std::string_view kPrefix = "user@";
  constexpr std::string_view kSuffix = ".service";
  if (!unit.starts_with(kPrefix) || !unit.ends_with(kSuffix)) return std::nullopt;
  unit.remove_prefix(kPrefix.size());
  unit.remove_suffix(kSuffix.size());
  return parse_number<std::uint32_t>(unit);
}

bool is_unit_with_processes(std::string_view name) {
  constexpr std::array<std::string_view, 5> kSuffixes{".service", ".scope", ".socket", ".mount",
                                                      ".swap"};
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

// Reads paths like systemd's cg_path_get_unit() and cg_path_get_user_unit(): slices, then one unit,
// or a user's manager followed by its own slices and unit. Below that, a unit may create anything
// (Delegate=), and names there are not units.
class UnitPath {
 public:
  void enter(std::string_view part) {
    if (below_unit_) return;
    if (part.size() > 1 && part.front() == '_') part.remove_prefix(1);  // cg_escape()
    if (const auto user = user_of_manager(part); user && !user_) {
      user_ = user;
      unit_ = part;
    } else if (is_unit_with_processes(part)) {
      below_unit_ = true;
      if (!user_ || part != "init.scope") unit_ = part;  // init.scope is the manager itself
    } else if (part.ends_with(".slice")) {
      slice_ = part;
    } else {
      below_unit_ = true;
    }
  }

  std::optional<std::uint32_t> user() const { return user_; }
  std::string unit() const { return std::string(unit_.empty() ? slice_ : unit_); }

 private:
  std::string_view unit_, slice_;
  std::optional<std::uint32_t> user_;
  bool below_unit_{};
};

void be_in_pod(PodPlace place, CgroupFacts& facts) {
  facts = {};
  facts.in_kubepods = true;
  facts.pod_uid = std::move(place.uid);
  facts.container_id = std::move(place.container_id);
}

// Returns how many leading parts lead to a container outside kubepods; 0: there is none.
std::size_t walk(const std::vector<std::string_view>& parts, CgroupFacts& facts) {
  UnitPath units;
  std::size_t container = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_kubepods(parts[i])) {
      if (units.user()) break;  // of a kubelet that runs as this user
      be_in_pod(read_kubepods(std::span(parts).subspan(i)), facts);
      return 0;
    }
    units.enter(parts[i]);
    auto match = match_cgroup_shape(std::span(parts).first(i + 1));
    if (!match) continue;
    facts.of_node = match->kind == CgroupKind::node_service;
    if (facts.of_node || match->kind == CgroupKind::parent) continue;
    if (match->kind == CgroupKind::pod && !units.user()) {
      be_in_pod({"", std::move(match->name)}, facts);
      return 0;
    }
    if (match->kind == CgroupKind::container) {
      facts.container_runtime = match->runtime;
      facts.container_id = std::move(match->name);
      container = i + 1;
    }
    break;
  }
  facts.unit = units.unit();
  facts.user = units.user();
  return container;
}

}  // namespace

CgroupFacts parse_cgroup(std::string_view path) {
  CgroupFacts facts;
  const std::vector<std::string_view> parts = split_path(path);
  if (path.starts_with("/..")) {
    if (PodPlace place = read_relative_pod(parts); !place.uid.empty()) {
      be_in_pod(std::move(place), facts);
      return facts;
    }
  }
  walk(parts, facts);
  return facts;
}

std::string_view container_of_node(std::string_view path_of_init) {
  CgroupFacts facts;
  const std::vector<std::string_view> parts = split_path(path_of_init);
  const std::size_t count = walk(parts, facts);
  if (count == 0) return {};
  // crun puts its container's processes one level deeper, in "container".
  const bool deeper = parts.size() > count && parts[count] == "container";
  const std::string_view last = parts[count - (deeper ? 0 : 1)];
  const auto length = static_cast<std::size_t>(last.end() - path_of_init.begin());
  return path_of_init.substr(0, length);
}

}  // namespace hostnet
