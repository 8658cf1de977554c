#include <algorithm>
#include <string>
#include <string_view>

#include "agent/pods/read_pod.h"

namespace hostnet {
namespace {

// The alphabet of k8s.io/apimachinery/pkg/util/rand: no vowels, no 0, 1, 3.
bool is_template_hash(std::string_view text) {
  constexpr std::string_view kSafe = "bcdfghjklmnpqrstvwxz2456789";
  return text.size() >= 6 && text.size() <= 10 &&
         text.find_first_not_of(kSafe) == std::string_view::npos &&
         text.find_first_of("2456789") != std::string_view::npos;
}

std::string without_template_hash(const std::string& name, const std::string& label) {
  const auto dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return {};
  const std::string_view suffix = std::string_view(name).substr(dash + 1);
  // The label is reliable; it is missing if only part of a pod was recorded.
  const bool hash = label.empty() ? is_template_hash(suffix) : suffix == label;
  return hash ? name.substr(0, dash) : std::string();
}

// CronJobs name their jobs by the scheduled time in minutes since 1970 (eight digits until 2160),
// before 1.21 in seconds (ten digits).
std::string without_schedule(const std::string& name) {
  const auto dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return {};
  const std::string_view suffix = std::string_view(name).substr(dash + 1);
  const bool digits = suffix.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && suffix.size() >= 8 && suffix.size() <= 10 ? name.substr(0, dash) : std::string();
}

const Value* controlling_owner(const Value& metadata) {
  const Value* owners = metadata.find("ownerReferences");
  if (owners == nullptr || owners->items.empty()) return nullptr;
  const auto controller = std::ranges::find_if(owners->items, [](const Value& owner) {
    const Value* flag = owner.find("controller");
    return flag != nullptr && flag->boolean().value_or(false);
  });
  return controller == owners->items.end() ? &owners->items.front() : &*controller;
}

}  // namespace

std::string workload_of(const Value& metadata, std::string_view node_name) {
  const Value* owner = controlling_owner(metadata);
  const std::string kind = text_of(owner, "kind");
  const std::string name = text_of(owner, "name");
  if (kind.empty() || name.empty()) return {};
  if (kind == "ReplicaSet") {
    const std::string label = text_of(metadata.find("labels"), "pod-template-hash");
    if (auto base = without_template_hash(name, label); !base.empty()) return "Deployment/" + base;
  } else if (kind == "Job") {
    if (auto base = without_schedule(name); !base.empty()) return "CronJob/" + base;
  } else if (kind == "Node") {
    // The mirror pod of a static pod: named <pod>-<node>, owned by its node.
    std::string pod = text_of(&metadata, "name");
    const std::string suffix = "-" + (node_name.empty() ? name : std::string(node_name));
    if (pod.size() > suffix.size() && pod.ends_with(suffix)) {
      pod.resize(pod.size() - suffix.size());
    }
    return "Node/" + pod;
  }
  return kind + "/" + name;
}

}  // namespace hostnet
