#include "agent/pods/object_kind.h"

#include <algorithm>
#include <array>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::array<ObjectKind, 13> kKinds{{
    {.kind = "ReplicationController", .pod_template = "spec.template", .has_replicas = true},
    {.kind = "PodTemplate", .pod_template = "template"},
    {.group = "apps",
     .kind = "Deployment",
     .pod_template = "spec.template",
     .has_replicas = true,
     .default_surge = "25%"},
    {.group = "apps",
     .kind = "DaemonSet",
     .pod_template = "spec.template",
     .default_surge = "0",
     .per_node = true},
    {.group = "apps", .kind = "StatefulSet", .pod_template = "spec.template", .has_replicas = true},
    {.group = "apps", .kind = "ReplicaSet", .pod_template = "spec.template", .has_replicas = true},
    {.group = "batch", .kind = "Job", .pod_template = "spec.template"},
    {.group = "batch", .kind = "CronJob", .pod_template = "spec.jobTemplate.spec.template"},
    {.group = "apps.openshift.io",
     .kind = "DeploymentConfig",
     .pod_template = "spec.template",
     .has_replicas = true,
     .default_surge = "25%"},
    {.group = "argoproj.io",
     .kind = "Rollout",
     .pod_template = "spec.template",
     .has_replicas = true,
     .default_surge = "25%"},
    {.group = "apps.kruise.io",
     .kind = "CloneSet",
     .pod_template = "spec.template",
     .has_replicas = true,
     .default_surge = "0"},
    {.group = "apps.kruise.io",
     .kind = "StatefulSet",
     .pod_template = "spec.template",
     .has_replicas = true},
    {.group = "apps.kruise.io",
     .kind = "DaemonSet",
     .pod_template = "spec.template",
     .default_surge = "0",
     .per_node = true},
}};

constexpr std::array<RemovedApi, 12> kRemoved{{
    {"extensions/v1beta1", "Deployment", "1.16", "apps/v1"},
    {"extensions/v1beta1", "DaemonSet", "1.16", "apps/v1"},
    {"extensions/v1beta1", "ReplicaSet", "1.16", "apps/v1"},
    {"apps/v1beta1", "Deployment", "1.16", "apps/v1"},
    {"apps/v1beta1", "StatefulSet", "1.16", "apps/v1"},
    {"apps/v1beta2", "Deployment", "1.16", "apps/v1"},
    {"apps/v1beta2", "DaemonSet", "1.16", "apps/v1"},
    {"apps/v1beta2", "ReplicaSet", "1.16", "apps/v1"},
    {"apps/v1beta2", "StatefulSet", "1.16", "apps/v1"},
    {"batch/v1beta1", "CronJob", "1.25", "batch/v1"},
    {"batch/v2alpha1", "CronJob", "1.21", "batch/v1"},
    {"policy/v1beta1", "PodSecurityPolicy", "1.25", ""},
}};

constexpr std::array<std::string_view, 5> kKindsAboutOthers{
    "CustomResourceDefinition", "PodSecurityPolicy", "SecurityContextConstraints",
    "ConstraintTemplate", "PodPreset"};
constexpr std::array<std::string_view, 6> kGroupsAboutOthers{
    "admissionregistration.k8s.io", "constraints.gatekeeper.sh",
    "mutations.gatekeeper.sh",      "kyverno.io",
    "policies.kyverno.io",          "policies.kubewarden.io"};

}  // namespace

std::string_view api_group(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

bool is_core(std::string_view api_version) {
  return api_version.find('/') == std::string_view::npos;
}

bool is_builtin(const ObjectKind& kind) {
  return kind.group.empty() || kind.group == "apps" || kind.group == "batch";
}

const ObjectKind* find_object_kind(std::string_view api_version, std::string_view kind) {
  std::string_view group = api_group(api_version);
  if (group == "extensions") group = "apps";
  // In OpenShift 3 its kinds were in the core API.
  if (group.empty() && kind == "DeploymentConfig") group = "apps.openshift.io";
  const auto* const found = std::ranges::find_if(kKinds, [&](const ObjectKind& known) {
    return known.kind == kind &&
           (api_version.empty() ? is_builtin(known) || known.group == group : known.group == group);
  });
  return found == kKinds.end() ? nullptr : found;
}

const RemovedApi* find_removed_api(std::string_view api_version, std::string_view kind) {
  const auto* const found = std::ranges::find_if(kRemoved, [&](const RemovedApi& removed) {
    return removed.api_version == api_version && removed.kind == kind;
  });
  return found == kRemoved.end() ? nullptr : found;
}

bool is_about_others(std::string_view api_version, std::string_view kind) {
  return contains(kKindsAboutOthers, kind) || contains(kGroupsAboutOthers, api_group(api_version));
}

}  // namespace hostnet
