#pragma once

// From a tree to a Pod: one reader for manifests, recorded pods and what the
// API server and the kubelet answer (k8s.io/api/core/v1, types.go).

#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"
#include "agent/document/value.h"
#include "agent/pods/pod.h"
#include "netlink/base/error.h"

namespace hostnet {

// Where things are and what a Pod does not keep, for lints. Lines are 1-based,
// 0: not written.
struct ContainerNotes {
  unsigned line{};
  unsigned host_network_line{};      // a container has no such field; people write it
  std::vector<unsigned> port_lines;  // beside Container::ports
};
struct PodNotes {
  unsigned line{};
  unsigned host_network_line{}, host_pid_line{}, host_ipc_line{}, host_path_line{};  // in use
  unsigned dns_policy_line{};
  unsigned own_users_line{};               // hostUsers: false
  std::vector<ContainerNotes> containers;  // beside Pod::containers
};
struct ReadPod {
  Pod pod;
  PodNotes notes;
};

// A Pod object: metadata, spec and status. What cannot be right (port 0, a
// number that is quoted, no containers...) is complained about and left out;
// the rest counts. `workload` comes from ownerReferences. Source and origin
// are the caller's. Pure.
ReadPod read_pod(const Value& object, std::vector<Complaint>& complaints);

// The pods that a workload object makes: `pod_template` has the spec, `object`
// the name. `path` is how messages name the template ("spec.template").
ReadPod read_pod_template(const Value& object, std::string_view kind, const Value& pod_template,
                          std::string_view path, std::vector<Complaint>& complaints);

// Only a spec ("containers", "hostNetwork"...) without an object around it.
ReadPod read_pod_spec(const Value& spec, std::string_view path, std::vector<Complaint>& complaints);

// One Pod as JSON, as a LIST or WATCH carries it: what the streaming sources
// call for each. Reason::malformed when it is not JSON or not a mapping; odd
// fields are left out silently, as what the API server says was validated.
Result<Pod> read_pod_json(std::string_view document);

// "Kind/name" of what made the pod; "" for none. A ReplicaSet or Job made by a
// Deployment or CronJob counts as that, a static pod as "Node/<name>" without
// the node's name. Pure.
std::string workload_of(const Value& metadata, std::string_view node_name);

// Pieces of the reader, shared by its files.
void read_pod_status(const Value& object, Pod& pod);

}  // namespace hostnet
