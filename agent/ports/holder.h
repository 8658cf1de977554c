#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/facts.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The kinds of holders of a port.
enum class HolderKind {
  node_component,
  pod,
  unmanaged_container,
  unmanaged_process,
  kernel,
  nat_rule,
  unknown,
};
std::string_view to_string(HolderKind kind);

struct Process {
  int pid{};
  std::string comm;
  bool operator==(const Process&) const = default;
};

// What is known about the owner of a socket. Derived from its cgroup and the processes that have it
// open; PodIndex adds pod names later.
struct Owner {
  HolderKind kind{HolderKind::unknown};
  std::vector<Process> processes;     // the most relevant first: pid 1 only if no other has it
  std::string exe;                    // of processes[0]; "" unknown
  std::string unit;                   // systemd unit: "nginx.service", "session-3.scope"
  std::string unit_service;           // of a .socket unit: the service that is using it
  std::string cgroup;                 // path from the cgroup root: "/system.slice/nginx.service"
  std::string pod_uid;                // from the cgroup, '-' separated; "" not in a pod
  std::string container_id;           // 64 hex digits, or the name given by its runtime
  std::string container_runtime;      // "docker", "podman", "lxc"… for unmanaged_container
  std::optional<std::uint32_t> user;  // whose systemd manager or (rootless) runtime it is
  bool runs_component{};              // by its executable's name, wherever it runs
  bool self{};                        // the agent's own socket
  bool operator==(const Owner&) const = default;
};

// Whether a socket allows others to bind its port. Only queried where it decides: for sockets that
// do not listen, and UDP servers that share a declared port.
struct Sharing {
  std::optional<bool> reuse_address, reuse_port;  // SO_REUSEADDR, SO_REUSEPORT
  // Why they are unknown although they decide: vanished (no process has the socket any more),
  // denied, unsupported (by the kernel or a recording).
  std::optional<Reason> unknown;
  bool operator==(const Sharing&) const = default;
};

// A single holder of a single port.
struct Holder {
  Socket socket;  // for nat_rule: local address and port that the rule matches
  Owner owner;
  Sharing sharing;
  std::string name;             // name_of(): the `holder` label, unfolded
  std::string namespace_, pod;  // from the pod source; "" unknown
  bool pod_terminating{};       // of that pod
  std::string device;           // name of socket.interface, or the tunnel device of a kernel socket
  std::string rule;             // nat_rule: the rule as a person would write it
  std::shared_ptr<const NatRule> nat;  // nat_rule: the complete rule
  bool operator==(const Holder&) const = default;
};

}  // namespace hostnet
