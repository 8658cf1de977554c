#include "agent/pods/argo_workflow.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "agent/pods/find_pod_templates.h"
#include "agent/pods/object_kind.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 4> kArgoKinds{"Workflow", "WorkflowTemplate",
                                                     "ClusterWorkflowTemplate", "CronWorkflow"};
// Settings of the workflow that a template may override.
constexpr std::array<std::string_view, 3> kOfThePod{"hostNetwork", "dnsPolicy", "volumes"};

struct WorkflowSpec {
  const Value* spec{};
  std::string path;
};

WorkflowSpec spec_of(const Value& object) {
  if (const Value* spec = at_path(object, "spec.workflowSpec")) return {spec, "spec.workflowSpec"};
  return {object.find("spec"), "spec"};
}

// Argo calls a container without a name "main".
Value named(Value container) {
  if (container.is_map() && container.find("name") == nullptr) {
    Value name{.kind = Value::Kind::scalar, .line = container.line, .text = "main"};
    container.members.push_back({.key = "name", .line = container.line, .value = std::move(name)});
  }
  return container;
}

void append_items(const Value* from, Value& list) {
  if (from == nullptr || !from->is_list()) return;
  for (const Value& item : from->items) list.items.push_back(named(item));
}

Value list_at(unsigned line) {
  return {.kind = Value::Kind::list, .line = line};
}

Value pod_spec_of(const Value& workflow, const Value& step) {
  Value spec{.kind = Value::Kind::map, .line = step.line};
  for (const std::string_view key : kOfThePod) {
    const Member* member = step.member(key);
    if (member == nullptr) member = workflow.member(key);
    if (member != nullptr) spec.members.push_back(*member);
  }
  Value containers = list_at(step.line);
  for (const std::string_view key : {"container", "script"}) {
    if (const Value* container = step.find(key)) containers.items.push_back(named(*container));
  }
  append_items(at_path(step, "containerSet.containers"), containers);
  append_items(step.find("sidecars"), containers);
  Value init = list_at(step.line);
  append_items(step.find("initContainers"), init);
  spec.members.push_back({.key = "initContainers", .line = step.line, .value = std::move(init)});
  spec.members.push_back({.key = "containers", .line = step.line, .value = std::move(containers)});
  return spec;
}

bool makes_pod(const Value& step) {
  return step.is_map() && (step.find("container") != nullptr || step.find("script") != nullptr ||
                           step.find("containerSet") != nullptr);
}

}  // namespace

bool is_argo_workflow(std::string_view api_version, std::string_view kind) {
  return api_group(api_version) == "argoproj.io" && contains(kArgoKinds, kind);
}

std::vector<WorkflowPod> workflow_pods(const Value& object) {
  std::vector<WorkflowPod> pods;
  const auto [workflow, path] = spec_of(object);
  const Value* templates = workflow == nullptr ? nullptr : workflow->find("templates");
  if (templates == nullptr || !templates->is_list()) return pods;
  for (std::size_t i = 0; i < templates->items.size(); ++i) {
    const Value& step = templates->items[i];
    if (!makes_pod(step)) continue;
    const Value* name = step.find("name");
    pods.push_back({.name = name != nullptr && name->is_scalar() ? name->text : std::string(),
                    .path = fmt::format("{}.templates[{}]", path, i),
                    .spec = pod_spec_of(*workflow, step)});
  }
  return pods;
}

std::vector<const Value*> parts_of_workflow(const Value& object) {
  std::vector<const Value*> parts;
  const Value* workflow = spec_of(object).spec;
  if (workflow == nullptr) return parts;
  const Value* templates = workflow->find("templates");
  if (templates == nullptr || !templates->is_list()) return parts;
  for (const std::string_view key : kOfThePod) {
    if (const Value* value = workflow->find(key)) parts.push_back(value);
  }
  for (const Value& step : templates->items) {
    if (!makes_pod(step)) continue;
    for (const std::string_view key : {"hostNetwork", "dnsPolicy", "volumes", "container", "script",
                                       "containerSet", "sidecars", "initContainers"}) {
      if (const Value* value = step.find(key)) parts.push_back(value);
    }
  }
  return parts;
}

}  // namespace hostnet
