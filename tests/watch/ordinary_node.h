#pragma once

#include <string>
#include <vector>

#include "agent/pods/pod.h"
#include "tests/support/node_builder.h"

namespace hostnet {

// A node of a cluster, put together from what such nodes have: what every
// distribution runs, then pods and their sockets.
class OrdinaryNode {
 public:
  OrdinaryNode();

  struct Listens {
    std::string ip;
    std::uint16_t port{};
    Protocol protocol{Protocol::tcp};
  };
  // A systemd service with one process.
  OrdinaryNode& service(const std::string& unit, const std::string& exe,
                        const std::vector<Listens>& listens);
  // A hostNetwork pod of kube-system with one container that is ready since an
  // hour. A static pod runs under another UID than its mirror has.
  OrdinaryNode& host_pod(const std::string& name, const std::string& exe,
                         const std::vector<Listens>& declared, const std::vector<Listens>& listens,
                         bool is_static = false);
  // A pod with its own network that publishes hostPorts.
  OrdinaryNode& cni_pod(const std::string& name, const std::vector<std::uint16_t>& host_ports);
  // A VXLAN device and its kernel socket.
  OrdinaryNode& vxlan(const std::string& name, std::uint16_t port);

  // Writes a recording, pods included, as `hostnet-agent record` does.
  Result<> write(const std::string& directory) const;

 private:
  int process(const std::string& exe, const std::string& cgroup,
              const std::vector<Listens>& listens);

  NodeBuilder builder_;
  std::vector<Pod> pods_;
  int next_pid_{400};
};

// kubeadm with Calico, node-local-dns and systemd-resolved; k3s with its
// service load balancer; EKS; Cilium.
OrdinaryNode kubeadm_node();
OrdinaryNode k3s_node();
OrdinaryNode eks_node();
OrdinaryNode cilium_node();
// No ordinary one: the kubeadm node with an nginx from apt on a declared port.
OrdinaryNode busy_node();

}  // namespace hostnet
