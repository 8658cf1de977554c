#pragma once

// Kubernetes manifests: which pods a text of YAML or JSON declares, and what is
// wrong with it, with file, document and line.

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

// A longer file is refused: a static pod is some KiB, the largest published
// bundles of CRDs are 4 MiB.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{8} << 20;

// How a longer one is refused.
std::string manifest_too_long(std::size_t bytes);

struct ManifestError {
  std::string file;
  int document{};   // 1-based among the documents that are not empty; 0: the whole file
  unsigned line{};  // 1-based; 0: unknown
  std::string message;
  bool operator==(const ManifestError&) const = default;
};
// "web.yaml: document 2, line 14: spec.containers is missing".
std::string to_string(const ManifestError& error);

// How an update replaces the pods: strategy or updateStrategy, as written; "" where it
// says nothing.
struct UpdateStrategy {
  std::string type, max_surge, max_unavailable;
  bool side_by_side{};  // blueGreen: all new pods before the old ones go
  unsigned line{}, max_surge_line{};
};

// On which nodes a manifest's pods may run: its nodeSelector, os and required nodeAffinity.
struct NodeRequirement {
  enum class Operator { in, not_in, exists, does_not_exist };
  std::string label;  // a node's name is "metadata.name"
  Operator op{};
  std::vector<std::string> values;
};

// All of them hold on a node that has the pod; of several nodeSelectorTerms, one of which is
// enough, nothing is read. `pod_spec` may be null.
std::vector<NodeRequirement> read_node_requirements(const Value* pod_spec);

// No node fulfils both.
bool exclude_each_other(std::span<const NodeRequirement> one,
                        std::span<const NodeRequirement> other);
bool is_for_windows(std::span<const NodeRequirement> requirements);
bool is_for_one_node(std::span<const NodeRequirement> requirements);

using Labels = std::vector<std::pair<std::string, std::string>>;

// One pod that an object makes: what it declares and what lints read.
struct ManifestObject {
  std::string api_version, kind;  // "apps/v1", "Deployment"; "" for a fragment
  unsigned api_version_line{};
  std::string file;
  int document{};
  bool fragment{};  // a piece without kind, as documentation prints them: linted,
                    // never counted as declared
  Pod pod;
  PodNotes notes;
  bool replicas_given{};
  std::int64_t replicas{1};
  unsigned replicas_line{};
  UpdateStrategy update;
  std::vector<NodeRequirement> nodes;  // where its pods may run
  Labels labels;                       // of its pods

  // Its ports count: no fragment, and not for Windows nodes.
  bool is_counted() const { return !fragment && !is_for_windows(nodes); }
};

// hostNetwork or a hostPort in an object whose pods are not read there.
struct UnreadHostAccess {
  std::string file;
  int document{};
  unsigned line{};
  std::string kind, namespace_, name;
  std::string path;  // "spec.driver.hostNetwork"
  bool text{};       // it stands in a text, such as a ConfigMap's
  bool misplaced{};  // the kind is known, and has no such field there
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

// A nodePort that a Service chooses itself.
struct ManifestNodePort {
  std::string namespace_, service;
  Labels selector;
  Protocol protocol{};
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
  std::vector<ManifestError> refused;  // by kubectl, although it can be read
  std::vector<UnreadHostAccess> unread;
  int documents{};  // that are not empty, of whatever kind
  bool failed{};    // the file is there and could not be read: nobody knows what it says

  // The pods of what is no fragment; source "manifests".
  std::vector<Pod> pods() const;
};

// Reads Pods, the pod templates of whatever has some (Kubernetes' own kinds,
// DeploymentConfig, Rollout, CloneSet, a Volcano Job, Argo's workflows...), and what
// is in Lists and OpenShift's Templates. Documents are separated by "---" lines and
// each fails alone; what has no pods is passed over, but `unread` names what asks for
// the host's network there. A pod of a template has the object's name and workload
// "Kind/name". UTF-16 with a byte order mark is read; a text that begins with "{" is
// read as JSON if it is. Nothing is thrown, whatever the bytes; an empty text is
// empty. Pure.
ManifestResult read_manifests(std::string_view text, std::string_view file_name);

}  // namespace hostnet
