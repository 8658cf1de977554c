#pragma once

// A pod as the agent needs it, from any source (API server, kubelet, a manifest). Keeps only what
// findings and their texts use: no environment, no commands, no secrets.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

enum class ContainerType { container, sidecar, init, ephemeral };
std::string_view to_string(ContainerType type);  // "container", "sidecar"...

struct ContainerPort {
  std::string name;
  Protocol protocol{};
  std::uint16_t container_port{};
  std::uint16_t host_port{};  // 0: not set (declared_ports() applies the hostNetwork default)
  std::string host_ip;        // as written; "" is any
  bool operator==(const ContainerPort&) const = default;
};

// The last termination of a container.
struct Termination {
  int exit_code{};
  std::optional<WallTime> finished_at;
  std::string id;  // of the terminated container: a restarted one has another id
  bool operator==(const Termination&) const = default;
};

struct Container {
  std::string name;
  ContainerType type{};
  std::vector<ContainerPort> ports;
  std::string id;      // 64 hex digits without "containerd://"; "" unknown
  std::string state;   // "running", "waiting", "terminated"; "" unknown
  std::string reason;  // "CrashLoopBackOff"; the state's reason
  std::optional<int> restarts;
  std::optional<bool> ready;
  std::optional<WallTime> ready_since;  // ready, and not restarted, since
  std::optional<Termination> last_termination;
  bool operator==(const Container&) const = default;
};

struct Pod {
  std::string namespace_;  // "default" if the manifest sets none
  std::string name;
  std::string uid;          // "" unknown (a manifest)
  std::string config_hash;  // annotation kubernetes.io/config.hash: the UID in cgroup names
                            // of a static pod, whose mirror has another UID
  std::string workload;     // "DaemonSet/web", hash suffixes removed; "" none
  std::string node_name;
  bool host_network{};
  std::string dns_policy;     // as written; "" means ClusterFirst
  std::string phase;          // "Pending", "Running"...; "" unknown
  std::string status_reason;  // "NodePorts" when kubelet refused it
  std::vector<std::string> pod_ips;
  std::vector<std::string> host_ips;    // of its node, as kubelet reports them now
  std::optional<WallTime> deleted_at;   // deletionTimestamp: terminating
  std::optional<int> grace_seconds;     // deletionGracePeriodSeconds
  std::optional<WallTime> finished_at;  // when it became Failed or Succeeded
  std::vector<Container> containers;
  std::size_t ports_cut{};  // host ports that were dropped: pod_limits.h
  std::string source;       // "apiserver", "pods-api", "kubelet", "manifests"
  std::string origin;       // where in the source: file name and document, for messages
  bool operator==(const Pod&) const = default;

  bool terminal() const { return phase == "Succeeded" || phase == "Failed"; }
};

enum class PortMode { host_network, host_port };
std::string_view to_string(PortMode mode);  // "hostNetwork", "hostPort"

// A host port that a container of a pod on this node declares. Maps one to one to the JSON of
// declared_by.
struct DeclaredPort {
  std::string namespace_, pod, uid, config_hash, workload, container;
  ContainerType container_type{};
  PortMode mode{};
  Protocol protocol{};
  std::uint16_t port{};  // on the host
  std::uint16_t container_port{};
  std::string host_ip;               // as written, "0.0.0.0" if not set
  std::optional<IpAddress> address;  // host_ip parsed; unset: not an address
  std::string phase, container_state, reason;
  std::optional<int> restarts;
  std::optional<bool> ready;
  std::optional<WallTime> ready_since;
  bool terminating{};
  std::string dns_policy;
  std::string source;
  bool operator==(const DeclaredPort&) const = default;
};

// The host ports of one pod: containers and sidecars; a hostPort, or with
// hostNetwork every containerPort; phase not Succeeded or Failed. Pure.
std::vector<DeclaredPort> declared_ports(const Pod& pod);

// The state of a pod source at one moment. Immutable once published.
struct PodSnapshot {
  std::string source;     // the one in use: "manifests", "apiserver", "none"...
  bool every_pod{};       // it has all pods of the node; manifests have only some of them
  std::vector<Pod> pods;  // one record per pod: see merge_pods()
  bool synced{};          // the first complete answer has arrived
  bool stale{};           // the source stopped answering; these are the last known pods
  std::optional<WallTime> last_success;
  std::vector<std::string> errors;  // one line each: file, document, line, what
  // The live sources that --pods.source=auto prefers but that do not answer, while another one
  // does: "apiserver: why".
  std::vector<std::string> passed_over;
  // How many ports and pods were dropped in total: pod_limits.h.
  std::size_t ports_cut{}, pods_cut{};
  // The API server's version if known, {1, 33, 6}: for scheduler_blind.
  std::optional<std::vector<int>> server_version;

  // There is a pod source. Without one nothing about pods is judged.
  bool has_source() const { return !source.empty() && source != "none"; }
};

// One record per pod: same UID, a UID equal to another's config_hash, or (if a UID is missing) the
// same namespace and name, static pods' "-<node>" suffix allowed; a template (a record without UID
// named after its workload) merges into the first pod of that workload. The record from a live
// source wins over one from "manifests", missing fields are filled in. Pure.
std::vector<Pod> merge_pods(std::vector<Pod> pods, std::string_view node_name);

}  // namespace hostnet
