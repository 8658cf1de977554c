#pragma once

// What the agent knows of the kinds of objects that make pods: by API group, as
// other groups have kinds of the same name.

#include <string>
#include <string_view>

namespace hostnet {

struct ObjectKind {
  std::string_view group;  // "" is the core API
  std::string_view kind;
  std::string_view pod_template;  // where it is: "spec.template"
  // Its replicas are pods side by side, for which nodes have to be found.
  bool has_replicas{};
  // How many pods an update starts before it ends others, where the object does not
  // say so; "" where updates never do.
  std::string_view default_surge;
  // Each pod has its own node: the new one comes to where the old one is.
  bool per_node{};
};

// "apps" of "apps/v1"; "" of "v1" and of nothing.
std::string_view api_group(std::string_view api_version);

// Null: no kind that is known. Without an apiVersion the kinds of Kubernetes' own
// groups are meant. Groups that were renamed (extensions) count as the new ones.
const ObjectKind* find_object_kind(std::string_view api_version, std::string_view kind);
// Whether it is Kubernetes' own: then its schema is known.
bool is_builtin(const ObjectKind& kind);
// Whether objects of that apiVersion may be of the core API: "v1", or not said.
bool is_core(std::string_view api_version);

// A version of an API that servers no longer have.
struct RemovedApi {
  std::string_view api_version;
  std::string_view kind;
  std::string_view removed_in;  // "1.16"
  std::string_view instead;     // "apps/v1"
};
// Null: it was not removed.
// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
const RemovedApi* find_removed_api(std::string_view api_version, std::string_view kind);

// Whether an object speaks about other objects' pods (policies, schemas): a
// hostNetwork in it is no pod's.
bool is_about_others(std::string_view api_version, std::string_view kind);

}  // namespace hostnet
