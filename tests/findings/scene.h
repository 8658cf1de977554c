#pragma once

// Puts a node together for a test: who holds what, which pods there are.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/find_findings.h"

namespace hostnet {

using namespace std::chrono_literals;

inline constexpr WallTime kNow{std::chrono::milliseconds{1'795'550'400'000}};

IpAddress ip(std::string_view text);

// Owners. Everything about one is made from its name.
Owner unit_owner(const std::string& unit, const std::string& comm, int pid,
                 HolderKind kind = HolderKind::unmanaged_process);
Owner component_owner(const std::string& comm, int pid);
Owner pod_owner(const std::string& uid, const std::string& comm, int pid);
Owner container_owner(const std::string& runtime, const std::string& id, const std::string& comm,
                      int pid);
Owner kernel_owner();
Owner unknown_owner();

// Holders.
Holder listener(std::string_view address, std::uint16_t port, Owner owner);
Holder udp(std::string_view address, std::uint16_t port, Owner owner);  // unconnected
Holder connection(std::string_view address, std::uint16_t port, std::string_view peer,
                  std::uint16_t peer_port, Owner owner);
Holder time_wait(std::string_view address, std::uint16_t port);

// Pods.
Pod host_pod(const std::string& name, const std::string& uid);  // hostNetwork
Pod cni_pod(const std::string& name, const std::string& uid);   // a network of its own
Pod& with_port(Pod& pod, std::uint16_t port, Protocol protocol = Protocol::tcp,
               const std::string& host_ip = "");
Pod& ready_since(Pod& pod, std::chrono::milliseconds ago);
Pod& crash_looping(Pod& pod);
Pod& of_workload(Pod& pod, const std::string& workload);

// A node with an address on eth0, all of it seen.
struct Scene {
  Scene();

  PortSnapshot table;
  PodSnapshot pods;
  Policy policy = default_policy();

  Scene& hold(Holder holder);  // names a pod's holder
  Scene& add(Pod pod);
  NodeFindings judged() const;
  std::vector<Finding> findings() const { return judged().findings; }
  // Of those, the ones of class conflict.
  std::vector<Finding> conflicts() const;
  // Those with this verdict.
  std::vector<Finding> of(Verdict verdict) const;
  std::vector<std::string> conflict_names() const;  // "8080/tcp unmanaged_process critical"
};

}  // namespace hostnet
