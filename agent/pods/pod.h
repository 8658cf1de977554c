#pragma once

// A pod as the agent needs it, wherever it came from (API server, kubelet, a
// manifest). Only what findings and their texts use is kept: no environment,
// no commands, no secrets.

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
  std::uint16_t host_port{};  // 0: not set (hostNetwork defaulting is declared_ports()' work)
  std::string host_ip;        // as written; "" is any
  bool operator==(const ContainerPort&) const = default;
};

// How a container ended last.
struct Termination {
  int exit_code{};
  std::optional<WallTime> finished_at;
  std::string id;  // of the container that ended: a restart has another one
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
  std::string namespace_;  // "default" where the manifest has none
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
  std::vector<std::string> host_ips;    // of its node, as the kubelet has them now
  std::optional<WallTime> deleted_at;   // deletionTimestamp: terminating
  std::optional<int> grace_seconds;     // deletionGracePeriodSeconds
  std::optional<WallTime> finished_at;  // when it became Failed or Succeeded
  std::vector<Container> containers;
  std::size_t ports_cut{};  // host ports that were left out: pod_limits.h
  std::string source;       // "apiserver", "pods-api", "kubelet", "manifests"
  std::string origin;       // where in the source: file name and document, for messages
  bool operator==(const Pod&) const = default;

  bool terminal() const { return phase == "Succeeded" || phase == "Failed"; }
};

enum class PortMode { host_network, host_port };
std::string_view to_string(PortMode mode);  // "hostNetwork", "hostPort"

// A host port that a container of a pod on this node declares. The JSON of
// declared_by, one to one.
struct DeclaredPort {
  std::string namespace_, pod, uid, config_hash, workload, container;
  ContainerType container_type{};
  PortMode mode{};
  Protocol protocol{};
  std::uint16_t port{};  // on the host
  std::uint16_t container_port{};
  std::string host_ip;               // as written, "0.0.0.0" when not written
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

// What a pod source knows at one moment. Immutable once published.
struct PodSnapshot {
  std::string source;     // the one in use: "manifests", "apiserver", "none"...
  bool every_pod{};       // it has all pods of the node; manifests are only some of them
  std::vector<Pod> pods;  // records of one pod are one: see merge_pods()
  bool synced{};          // the first complete answer is here
  bool stale{};           // it stopped answering; the pods are the last ones known
  std::optional<WallTime> last_success;
  std::vector<std::string> errors;  // one line each: file, document, line, what
  // The live sources that --pods.source=auto would rather have and that do not
  // answer, while another one does: "apiserver: why".
  std::vector<std::string> passed_over;
  // What was left out of all pods, as there was too much of it: pod_limits.h.
  std::size_t ports_cut{}, pods_cut{};
  // The version of the API server where known, {1, 33, 6}: for scheduler_blind.
  std::optional<std::vector<int>> server_version;

  // Somebody is asked for pods. Without a source nothing about pods is judged.
  bool has_source() const { return !source.empty() && source != "none"; }
};

// One record per pod: same UID, a UID that is another's config_hash, or (where
// a UID is missing) the same namespace and name, static pods' "-<node>" suffix
// allowed; a template (a record without UID named as its workload) is a record
// of the first pod of that workload. The record from a live source wins over
// one from "manifests", missing fields are filled. Pure.
std::vector<Pod> merge_pods(std::vector<Pod> pods, std::string_view node_name);

}  // namespace hostnet
