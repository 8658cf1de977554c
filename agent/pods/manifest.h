#pragma once

// Kubernetes manifests: which pods a text of YAML or JSON declares, and what is
// wrong with it, with file, document and line.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

// One object that has pods: what it declares and what lints read.
struct ManifestObject {
  std::string kind;  // "Pod", "Deployment"...; "" for a fragment
  std::string file;
  int document{};
  bool fragment{};  // a piece without kind, as documentation prints them: linted,
                    // never counted as declared
  Pod pod;
  PodNotes notes;
  bool replicas_given{};
  std::int64_t replicas{1};
  unsigned replicas_line{};
  // Deployment's strategy and DaemonSet's updateStrategy, as written, "" if not.
  std::string strategy_type, max_surge;
  unsigned strategy_line{}, max_surge_line{};
};

struct ManifestNamespace {
  std::string name;
  std::string enforce;  // label pod-security.kubernetes.io/enforce, "" if absent
  std::string file;
  int document{};
  unsigned line{};
};

struct ManifestResult {
  std::vector<ManifestObject> objects;  // in the file's order
  std::vector<ManifestNamespace> namespaces;
  std::vector<ManifestError> errors;
  int documents{};  // that are not empty, of whatever kind

  // The pods of what is no fragment; source "manifests".
  std::vector<Pod> pods() const;
};

// Reads Pod, the pod templates of Deployment, DaemonSet, StatefulSet,
// ReplicaSet, ReplicationController, Job, CronJob, and Lists of them, of any
// apiVersion; documents are separated by "---" lines, each fails alone, and
// other kinds are passed over. A pod of a template has the object's name and
// workload "Kind/name". A text that begins with "{" is read as JSON if it is.
// Nothing is thrown, whatever the bytes; an empty text is empty. Pure.
ManifestResult read_manifests(std::string_view text, std::string_view file_name);

}  // namespace hostnet
