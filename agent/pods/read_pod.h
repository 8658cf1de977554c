#pragma once

// Converts a tree to a Pod: one reader for manifests, recorded pods and the answers of the API
// server and kubelet (k8s.io/api/core/v1, types.go).

#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"
#include "agent/document/value.h"
#include "agent/pods/pod.h"
#include "netlink/base/error.h"

namespace hostnet {

// Locations, and details that a Pod does not keep, for lints. Lines are 1-based, 0: not set.
struct ContainerNotes {
  unsigned line{};
  unsigned host_network_line{};      // containers have no such field, but people write it
  std::vector<unsigned> port_lines;  // parallel to Container::ports
};
struct PodNotes {
  unsigned line{};
  unsigned host_network_line{}, host_pid_line{}, host_ipc_line{}, host_path_line{};  // in use
  unsigned dns_policy_line{};
  unsigned own_users_line{};               // hostUsers: false
  std::vector<ContainerNotes> containers;  // parallel to Pod::containers
};
struct ReadPod {
  Pod pod;
  PodNotes notes;
};

// A Pod object: metadata, spec and status. Invalid parts (port 0, a quoted number, no
// containers...) are reported as complaints and left out; the rest counts. `workload` comes from
// ownerReferences. The caller sets source and origin. Pure.
ReadPod read_pod(const Value& object, std::vector<Complaint>& complaints);

// The pods that a workload object creates: `pod_template` has the spec, `object` the name. `path`
// is the name of the template in messages ("spec.template").
ReadPod read_pod_template(const Value& object, std::string_view kind, const Value& pod_template,
                          std::string_view path, std::vector<Complaint>& complaints);

// Only a spec ("containers", "hostNetwork"...) without its object.
ReadPod read_pod_spec(const Value& spec, std::string_view path, std::vector<Complaint>& complaints);

// One Pod as JSON, as in a LIST or WATCH: the streaming sources call this for each pod.
// Reason::malformed if it is not JSON or not a mapping; invalid fields are left out silently, as
// the API server has validated its objects.
Result<Pod> read_pod_json(std::string_view document);

// "Kind/name" of the object that created the pod; "" for none. Pods of a ReplicaSet or Job count as
// those of its Deployment or CronJob, static pods as "Node/<name>" without the node's name. Pure.
std::string workload_of(const Value& metadata, std::string_view node_name);

// Parts of the reader, shared by its files. The text of a scalar member; "" if there is none.
std::string text_of(const Value* map, std::string_view key);
void read_pod_status(const Value& object, Pod& pod);

// Whether a field was switched off by its name, as JSON has no comments: "_hostPort", "#hostPort".
bool is_commented_out(std::string_view key);

// Whether `key` was meant as the field `name`: it differs only in case and in what is neither a
// letter nor a digit, and is not commented out.
bool is_spelling_of(std::string_view key, std::string_view name);

}  // namespace hostnet
