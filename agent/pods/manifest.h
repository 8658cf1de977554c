#pragma once

// Kubernetes manifests: the pods that a YAML or JSON text declares, and its errors, with file,
// document and line.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/document/value.h"
#include "agent/pods/pod.h"
#include "agent/pods/read_pod.h"

namespace hostnet {

// Longer files are refused: a static pod has some KiB, the largest published bundles of CRDs have 4
// MiB.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{8} << 20;

// The error message for a longer file.
std::string manifest_too_long(std::size_t bytes);

struct ManifestError {
  std::string file;
  int document{};   // 1-based, not counting empty documents; 0: the whole file
  unsigned line{};  // 1-based; 0: unknown
  std::string message;
  bool operator==(const ManifestError&) const = default;
};
// "web.yaml: document 2, line 14: spec.containers is missing".
std::string to_string(const ManifestError& error);

// How an update replaces the pods: strategy or updateStrategy, as written; "" if not set.
struct UpdateStrategy {
  std::string type, max_surge, max_unavailable;
  bool side_by_side{};  // blueGreen: all new pods start before the old ones end
  unsigned line{}, max_surge_line{};
};

// Node requirements of a manifest's pods: its nodeSelector, os and required nodeAffinity.
struct NodeRequirement {
  enum class Operator { in, not_in, exists, does_not_exist };
  std::string label;  // "metadata.name" for the node's name
  Operator op{};
  std::vector<std::string> values;
};

// A node must meet all of them to run the pod. Several nodeSelectorTerms (alternatives) are
// ignored. `pod_spec` may be null.
std::vector<NodeRequirement> read_node_requirements(const Value* pod_spec);

// No node meets both.
bool exclude_each_other(std::span<const NodeRequirement> one,
                        std::span<const NodeRequirement> other);
bool is_for_windows(std::span<const NodeRequirement> requirements);
bool is_for_one_node(std::span<const NodeRequirement> requirements);

using Labels = std::vector<std::pair<std::string, std::string>>;

// One pod that an object creates: its declarations and what lints read.
struct ManifestObject {
  std::string api_version, kind;  // "apps/v1", "Deployment"; "" for a fragment
  unsigned api_version_line{};
  std::string file;
  int document{};
  bool fragment{};  // a piece without kind, as printed in documentation: linted,
                    // never counted as declared
  Pod pod;
  PodNotes notes;
  bool replicas_given{};
  std::int64_t replicas{1};
  unsigned replicas_line{};
  UpdateStrategy update;
  std::vector<NodeRequirement> nodes;  // requirements on the pods' nodes
  Labels labels;                       // of its pods

  // Its ports count: it is no fragment and not for Windows nodes.
  bool is_counted() const { return !fragment && !is_for_windows(nodes); }
};

// hostNetwork or a hostPort in a part of an object that is not read as a pod.
struct UnreadHostAccess {
  std::string file;
  int document{};
  unsigned line{};
  std::string kind, namespace_, name;
  std::string path;  // "spec.driver.hostNetwork"
  bool text{};       // it is inside a text, such as a ConfigMap's
  bool misplaced{};  // the kind is known, or it is in a pod spec: there is no such field there
};
// "web.yaml: document 2, line 7: SparkApplication demo/pi has hostNetwork at …".
std::string to_string(const UnreadHostAccess& unread);

struct ManifestNamespace {
  std::string name;
  std::string enforce;  // label pod-security.kubernetes.io/enforce, "" if absent
  std::string file;
  int document{};
  unsigned line{};
};

// A nodePort or healthCheckNodePort that a Service sets explicitly.
struct ManifestNodePort {
  std::string namespace_, service;
  Labels selector;
  Protocol protocol{};
  bool health_check{};  // kube-proxy itself listens there, whatever the selector
  std::uint16_t port{};
  std::string file;
  int document{};
  unsigned line{};
};

struct ManifestResult {
  std::vector<ManifestObject> objects;  // in the file's order
  std::vector<ManifestNamespace> namespaces;
  std::vector<ManifestNodePort> node_ports;
  std::vector<ManifestError> errors;
  std::vector<ManifestError> refused;  // kubectl refuses them, although they can be read
  std::vector<UnreadHostAccess> unread;
  int documents{};  // non-empty ones, of any kind
  bool failed{};    // the file exists but could not be read: its content is unknown

  // The pods of all objects but fragments; source "manifests".
  std::vector<Pod> pods() const;
};

// Reads Pods, the pod templates of all kinds that have some (Kubernetes' own kinds,
// DeploymentConfig, Rollout, CloneSet, a Volcano Job, Argo's workflows...), and the contents of
// Lists and OpenShift's Templates. Documents are separated by "---" lines and fail independently;
// objects without pods are skipped, but `unread` names requests for the host's network in them. The
// pod of a template has the object's name and workload "Kind/name". Reads UTF-16 with a byte order
// mark; a text that begins with "{" is read as JSON if it is valid. Never throws, whatever the
// bytes; an empty text gives an empty result. Pure.
ManifestResult read_manifests(std::string_view text, std::string_view file_name);

}  // namespace hostnet
