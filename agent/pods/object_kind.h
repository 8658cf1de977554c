#pragma once

// Known kinds of objects that create pods: by API group, as other groups have kinds with the same
// names.

#include <string>
#include <string_view>

namespace hostnet {

struct ObjectKind {
  std::string_view group;  // "" is the core API
  std::string_view kind;
  std::string_view pod_template;  // its path: "spec.template"
  // Its replicas run at the same time and each has to be scheduled to a node.
  bool has_replicas{};
  // The default number of pods that an update starts before it ends others; "" if updates never do
  // that.
  std::string_view default_surge;
  // One pod per node: the new pod runs on the node of the old one.
  bool per_node{};
};

// "apps" of "apps/v1"; "" of "v1" and of "".
std::string_view api_group(std::string_view api_version);

// Null: the kind is unknown. Without an apiVersion, kinds of Kubernetes' own groups are assumed.
// Renamed groups (extensions) count as the new ones.
const ObjectKind* find_object_kind(std::string_view api_version, std::string_view kind);
// Whether it is one of Kubernetes' own kinds, whose schema is known.
bool is_builtin(const ObjectKind& kind);
// Whether the apiVersion may mean the core API: "v1", or not set.
bool is_core(std::string_view api_version);

// An API version that servers have dropped.
struct RemovedApi {
  std::string_view api_version;
  std::string_view kind;
  std::string_view removed_in;  // "1.16"
  std::string_view instead;     // "apps/v1"
};
// Null: it was not removed.
// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
const RemovedApi* find_removed_api(std::string_view api_version, std::string_view kind);

// Whether an object describes other objects' pods (policies, schemas): a hostNetwork in it does not
// belong to a pod.
bool is_about_others(std::string_view api_version, std::string_view kind);

}  // namespace hostnet
