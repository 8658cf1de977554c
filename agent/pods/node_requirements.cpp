#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/pods/find_pod_templates.h"
#include "agent/pods/manifest.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using Operator = NodeRequirement::Operator;

bool exclude_each_other(const NodeRequirement& one, const NodeRequirement& other) {
  if (one.label != other.label) return false;
  const auto is = [](const NodeRequirement& which, Operator op) { return which.op == op; };
  if (is(one, Operator::does_not_exist)) {
    return is(other, Operator::in) || is(other, Operator::exists);
  }
  if (!is(one, Operator::in)) return false;
  const auto allows = [&](const std::string& value) {
    if (is(other, Operator::in)) return contains(other.values, value);
    return !is(other, Operator::not_in) || !contains(other.values, value);
  };
  return std::ranges::none_of(one.values, allows);
}

void read_expressions(const Value* expressions, std::vector<NodeRequirement>& read) {
  struct Name {
    std::string_view text;
    Operator op;
  };
  static constexpr std::array<Name, 4> kOperators{{{"In", Operator::in},
                                                   {"NotIn", Operator::not_in},
                                                   {"Exists", Operator::exists},
                                                   {"DoesNotExist", Operator::does_not_exist}}};
  if (expressions == nullptr) return;
  for (const Value& expression : expressions->items) {
    const Value* key = expression.find("key");
    const Value* op = expression.find("operator");
    if (key == nullptr || op == nullptr) continue;
    const auto* const known = std::ranges::find(kOperators, op->text, &Name::text);
    if (known == kOperators.end()) continue;
    NodeRequirement requirement{.label = key->text, .op = known->op, .values = {}};
    if (const Value* values = expression.find("values")) {
      for (const Value& value : values->items) requirement.values.push_back(value.text);
    }
    read.push_back(std::move(requirement));
  }
}

// A hostProcess container runs on Windows only, whatever the pod says of nodes.
bool has_host_process(const Value& pod_spec) {
  constexpr std::string_view kField = "securityContext.windowsOptions.hostProcess";
  const auto says_so = [&](const Value& from) {
    const Value* value = at_path(from, kField);
    return value != nullptr && value->boolean().value_or(false);
  };
  const Value* containers = pod_spec.find("containers");
  return says_so(pod_spec) ||
         (containers != nullptr && std::ranges::any_of(containers->items, says_so));
}

bool is_one_of(const NodeRequirement& requirement, std::span<const std::string_view> labels) {
  return requirement.op == Operator::in && requirement.values.size() == 1 &&
         contains(labels, requirement.label);
}

}  // namespace

std::vector<NodeRequirement> read_node_requirements(const Value* pod_spec) {
  std::vector<NodeRequirement> read;
  if (pod_spec == nullptr) return read;
  if (const Value* selector = pod_spec->find("nodeSelector")) {
    for (const Member& label : selector->members) {
      if (label.value.is_scalar()) read.push_back({label.key, Operator::in, {label.value.text}});
    }
  }
  if (const Value* os = at_path(*pod_spec, "os.name")) {
    read.push_back({"kubernetes.io/os", Operator::in, {os->text}});
  }
  if (has_host_process(*pod_spec)) read.push_back({"kubernetes.io/os", Operator::in, {"windows"}});
  const Value* terms = at_path(*pod_spec,
                               "affinity.nodeAffinity."
                               "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
  if (terms != nullptr && terms->items.size() == 1) {
    read_expressions(terms->items.front().find("matchExpressions"), read);
    read_expressions(terms->items.front().find("matchFields"), read);
  }
  return read;
}

bool exclude_each_other(std::span<const NodeRequirement> one,
                        std::span<const NodeRequirement> other) {
  return std::ranges::any_of(one, [&](const NodeRequirement& a) {
    return std::ranges::any_of(other, [&](const NodeRequirement& b) {
      return exclude_each_other(a, b) || exclude_each_other(b, a);
    });
  });
}

bool is_for_windows(std::span<const NodeRequirement> requirements) {
  static constexpr std::array<std::string_view, 2> kLabels{"kubernetes.io/os",
                                                           "beta.kubernetes.io/os"};
  return std::ranges::any_of(requirements, [](const NodeRequirement& requirement) {
    if (is_one_of(requirement, kLabels)) return requirement.values.front() == "windows";
    return requirement.op == Operator::not_in && contains(requirement.values, "linux") &&
           contains(kLabels, requirement.label);
  });
}

bool is_for_one_node(std::span<const NodeRequirement> requirements) {
  static constexpr std::array<std::string_view, 2> kLabels{"kubernetes.io/hostname",
                                                           "metadata.name"};
  return std::ranges::any_of(requirements,
                             [](const NodeRequirement& one) { return is_one_of(one, kLabels); });
}

}  // namespace hostnet
