#include "tests/watch/ordinary_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "agent/pods/pods_json.h"
#include "agent/pods/sources/pod_source_manager.h"

namespace hostnet {
namespace {

std::string file_name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Pod ready_pod(const std::string& name, int number, bool host_network) {
  Pod pod;
  pod.namespace_ = "kube-system";
  pod.name = name;
  pod.uid = fmt::format("00000000-0000-4000-8000-{:012}", number);
  pod.node_name = "n1";
  pod.host_network = host_network;
  pod.dns_policy = "ClusterFirstWithHostNet";
  pod.phase = "Running";
  pod.containers.push_back({.name = "main",
                            .type = ContainerType::container,
                            .ports = {},
                            .id = fmt::format("{:064x}", number),
                            .state = "running",
                            .reason = "",
                            .restarts = 0,
                            .ready = true,
                            .ready_since = WallTime{}});
  return pod;
}

}  // namespace

OrdinaryNode::OrdinaryNode() {
  service("systemd-resolved.service", "/usr/lib/systemd/systemd-resolved",
          {{"127.0.0.53", 53}, {"127.0.0.53", 53, Protocol::udp}, {"127.0.0.54", 53}});
  service("chrony.service", "/usr/sbin/chronyd",
          {{"127.0.0.1", 323, Protocol::udp}, {"::1", 323, Protocol::udp}});
  service("ssh.service", "/usr/sbin/sshd", {{"0.0.0.0", 22}});
}

int OrdinaryNode::process(const std::string& exe, const std::string& cgroup,
                          const std::vector<Listens>& listens) {
  const int pid = next_pid_++;
  // The kernel keeps 15 bytes of a name (TASK_COMM_LEN).
  builder_.process({.pid = pid,
                    .comm = file_name_of(exe).substr(0, 15),
                    .exe = exe,
                    .cgroup = cgroup,
                    .parent = 1,
                    .uid = 0,
                    .start_ticks = 1000,
                    .cgroup_file = ""});
  for (const Listens& at : listens) builder_.listens(pid, at.protocol, at.ip, at.port);
  return pid;
}

OrdinaryNode& OrdinaryNode::service(const std::string& unit, const std::string& exe,
                                    const std::vector<Listens>& listens) {
  process(exe, "/system.slice/" + unit, listens);
  return *this;
}

OrdinaryNode& OrdinaryNode::host_pod(const std::string& name, const std::string& exe,
                                     const std::vector<Listens>& declared,
                                     const std::vector<Listens>& listens, bool is_static) {
  Pod pod = ready_pod(name, next_pid_, true);
  if (is_static) pod.config_hash = fmt::format("{:032x}", next_pid_);
  for (const Listens& port : declared) {
    pod.containers.front().ports.push_back({.name = "",
                                            .protocol = port.protocol,
                                            .container_port = port.port,
                                            .host_port = port.port,
                                            .host_ip = ""});
  }
  std::string uid_in_slice = is_static ? pod.config_hash : pod.uid;
  std::ranges::replace(uid_in_slice, '-', '_');
  process(exe,
          fmt::format("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice/"
                      "cri-containerd-{}.scope",
                      uid_in_slice, pod.containers.front().id),
          listens);
  pods_.push_back(std::move(pod));
  return *this;
}

OrdinaryNode& OrdinaryNode::cni_pod(const std::string& name,
                                    const std::vector<std::uint16_t>& host_ports) {
  Pod pod = ready_pod(name, next_pid_++, false);
  pod.dns_policy = "ClusterFirst";
  for (const std::uint16_t port : host_ports) {
    pod.containers.front().ports.push_back({.name = "",
                                            .protocol = Protocol::tcp,
                                            .container_port = port,
                                            .host_port = port,
                                            .host_ip = ""});
  }
  pods_.push_back(std::move(pod));
  return *this;
}

OrdinaryNode& OrdinaryNode::vxlan(const std::string& name, std::uint16_t port) {
  Link link;
  link.name = name;
  link.kind = "vxlan";
  link.tunnel_port = port;
  builder_.link(link);
  Socket socket = server_socket(Protocol::udp, "0.0.0.0", port);
  socket.inode = 19'000U + port;
  socket.cookie = 900'000U + port;
  socket.cgroup_id = 1;
  builder_.socket(socket);
  return *this;
}

Result<> OrdinaryNode::write(const std::string& directory) const {
  if (auto written = builder_.write_recording(directory); !written) return written;
  std::ofstream pods(directory + "/" + std::string(kRecordedPods));
  pods << redacted_pods_json(pods_);
  pods.close();
  if (pods.fail()) return failure(Reason::internal, "writing the pods of " + directory);
  return {};
}

OrdinaryNode kubeadm_node() {
  OrdinaryNode node;
  node.service("kubelet.service", "/usr/bin/kubelet", {{"::", 10250}, {"127.0.0.1", 10248}})
      .service("containerd.service", "/usr/bin/containerd", {{"127.0.0.1", 38231}})
      .host_pod("etcd-n1", "/usr/local/bin/etcd", {{"", 2381}},
                {{"127.0.0.1", 2379}, {"10.0.0.1", 2380}, {"127.0.0.1", 2381}}, true)
      .host_pod("kube-apiserver-n1", "/usr/local/bin/kube-apiserver", {{"", 6443}}, {{"::", 6443}},
                true)
      .host_pod("kube-controller-manager-n1", "/usr/local/bin/kube-controller-manager",
                {{"", 10257}}, {{"127.0.0.1", 10257}}, true)
      .host_pod("kube-scheduler-n1", "/usr/local/bin/kube-scheduler", {{"", 10259}},
                {{"127.0.0.1", 10259}}, true)
      .host_pod("kube-proxy-4xk2p", "/usr/local/bin/kube-proxy", {},
                {{"127.0.0.1", 10249}, {"::", 10256}})
      .host_pod("calico-node-8sdfj", "/usr/bin/calico-node", {},
                {{"127.0.0.1", 9099}, {"0.0.0.0", 179}})
      .host_pod("node-local-dns-t7x2m", "/node-cache",
                {{"", 53}, {"", 53, Protocol::udp}, {"", 9253}},
                {{"169.254.20.10", 53}, {"169.254.20.10", 53, Protocol::udp}, {"::", 9253}})
      .host_pod("node-exporter-lm2sd", "/bin/node_exporter", {{"", 9100}}, {{"::", 9100}})
      .cni_pod("coredns-5d78c9869d-x2x7p", {});
  return node;
}

OrdinaryNode k3s_node() {
  OrdinaryNode node;
  node.service("k3s.service", "/usr/local/bin/k3s",
               {{"::", 6443},
                {"127.0.0.1", 6444},
                {"::", 10250},
                {"127.0.0.1", 10248},
                {"127.0.0.1", 10249},
                {"127.0.0.1", 10256},
                {"127.0.0.1", 10257},
                {"127.0.0.1", 10259},
                {"127.0.0.1", 10010}})
      .cni_pod("svclb-traefik-1a2b3c4d-9kx2p", {80, 443})
      .cni_pod("traefik-7cd4fcff68-kx8wz", {})
      .vxlan("flannel.1", 8472);
  return node;
}

OrdinaryNode eks_node() {
  OrdinaryNode node;
  node.service("kubelet.service", "/usr/bin/kubelet", {{"::", 10250}, {"127.0.0.1", 10248}})
      .service("containerd.service", "/usr/bin/containerd", {{"127.0.0.1", 41233}})
      .service("amazon-ssm-agent.service", "/usr/bin/amazon-ssm-agent", {})
      .host_pod("aws-node-2kq8d", "/app/aws-k8s-agent", {{"", 61678}},
                {{"127.0.0.1", 50051}, {"::", 61678}, {"127.0.0.1", 61679}})
      .host_pod("kube-proxy-wz9rt", "/usr/local/bin/kube-proxy", {},
                {{"127.0.0.1", 10249}, {"::", 10256}})
      .cni_pod("coredns-79df7fff65-q2d5s", {});
  return node;
}

OrdinaryNode cilium_node() {
  OrdinaryNode node;
  node.service("kubelet.service", "/usr/bin/kubelet", {{"::", 10250}, {"127.0.0.1", 10248}})
      .service("containerd.service", "/usr/bin/containerd", {{"127.0.0.1", 35219}})
      .host_pod(
          "cilium-8xk2m", "/usr/bin/cilium-agent", {{"", 4240}, {"", 4244}, {"", 9962}},
          {{"::", 4240}, {"::", 4244}, {"127.0.0.1", 9879}, {"127.0.0.1", 9890}, {"::", 9962}})
      .host_pod("cilium-operator-6f4d7c-q8s2d", "/usr/bin/cilium-operator-generic", {{"", 9963}},
                {{"::", 9963}, {"127.0.0.1", 9234}})
      .cni_pod("coredns-7db6d8ff4d-2lq9c", {})
      .vxlan("cilium_vxlan", 8472);
  return node;
}

OrdinaryNode busy_node() {
  OrdinaryNode node = kubeadm_node();
  node.service("nginx.service", "/usr/sbin/nginx", {{"0.0.0.0", 8080}})
      .host_pod("web-x7k2p", "/app/web", {{"", 8080}, {"", 30003}}, {{"::", 30003}});
  return node;
}

}  // namespace hostnet
