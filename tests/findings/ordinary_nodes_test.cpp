// "An ordinary node is quiet". Each node is put
// together from what such a node has: its listeners, its pods, their ports.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::IsEmpty;

struct PodPorts {
  std::vector<std::uint16_t> tcp;
  std::vector<std::uint16_t> udp{};
};

// A hostNetwork pod that is ready since an hour; static pods have a mirror UID
// and run under their config hash.
Pod ready_host_pod(const std::string& name, const PodPorts& ports, bool is_static = false) {
  Pod pod = host_pod(name, "uid-" + name);
  pod.namespace_ = "kube-system";
  pod.dns_policy = "ClusterFirst";
  if (is_static) pod.config_hash = "hash-" + name;
  for (const auto port : ports.tcp) with_port(pod, port);
  for (const auto port : ports.udp) with_port(pod, port, Protocol::udp);
  return ready_since(pod, 1h);
}

Owner process_of(const std::string& pod, const std::string& comm, bool is_static = false) {
  return pod_owner((is_static ? "hash-" : "uid-") + pod, comm, 2000);
}

// What every distribution of today runs.
Scene distribution() {
  Scene scene;
  const Owner resolved = unit_owner("systemd-resolved.service", "systemd-resolve", 500);
  const Owner chrony = unit_owner("chrony.service", "chronyd", 510);
  const Owner networkd = unit_owner("systemd-networkd.service", "systemd-network", 520);
  const Owner sshd = unit_owner("ssh.service", "sshd", 530);
  scene.hold(listener("127.0.0.53", 53, resolved))
      .hold(listener("127.0.0.54", 53, resolved))
      .hold(udp("127.0.0.53", 53, resolved))
      .hold(udp("127.0.0.54", 53, resolved))
      .hold(udp("127.0.0.1", 323, chrony))
      .hold(udp("::1", 323, chrony))
      .hold(udp("10.0.0.1", 68, networkd))
      .hold(listener("0.0.0.0", 22, sshd))
      .hold(listener("::", 22, sshd));
  return scene;
}

void run_kubelet(Scene& scene) {
  scene.hold(listener("::", 10250, component_owner("kubelet", 600)))
      .hold(listener("127.0.0.1", 10248, component_owner("kubelet", 600)))
      .hold(listener("127.0.0.1", 38231, component_owner("containerd", 601)));
}

void expect_quiet(const Scene& scene) {
  for (const Finding& finding : scene.findings()) {
    EXPECT_EQ(finding.severity, Severity::info) << finding.explanation;
  }
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(OrdinaryNode, KubeadmWithCalicoAndNodeLocalDnsIsQuiet) {
  Scene scene = distribution();
  scene.add(ready_host_pod("etcd-n1", {{2381}}, true))
      .add(ready_host_pod("kube-apiserver-n1", {{6443}}, true))
      .add(ready_host_pod("kube-controller-manager-n1", {{10257}}, true))
      .add(ready_host_pod("kube-scheduler-n1", {{10259}}, true))
      .add(ready_host_pod("kube-proxy-x", {{}}))
      .add(ready_host_pod("calico-node-x", {{}}))
      .add(ready_host_pod("calico-typha-x", {{5473}}))
      .add(ready_host_pod("node-exporter-x", {{9100}}));
  Pod local_dns = ready_host_pod("node-local-dns-x", {{53, 9253}, {53}});
  scene.add(local_dns);
  Pod coredns = cni_pod("coredns-x", "uid-coredns");
  coredns.containers.front().ports = {{.name = "dns",
                                       .protocol = Protocol::udp,
                                       .container_port = 53,
                                       .host_port = 0,
                                       .host_ip = ""}};
  scene.add(coredns);
  run_kubelet(scene);
  const auto etcd = process_of("etcd-n1", "etcd", true);
  const auto dns = process_of("node-local-dns-x", "node-cache");
  const auto calico = process_of("calico-node-x", "calico-node");
  const auto proxy = process_of("kube-proxy-x", "kube-proxy");
  scene.hold(listener("127.0.0.1", 2379, etcd))
      .hold(listener("10.0.0.1", 2379, etcd))
      .hold(listener("10.0.0.1", 2380, etcd))
      .hold(listener("127.0.0.1", 2381, etcd))
      .hold(listener("::", 6443, process_of("kube-apiserver-n1", "kube-apiserver", true)))
      .hold(listener("127.0.0.1", 10257,
                     process_of("kube-controller-manager-n1", "kube-controller", true)))
      .hold(listener("127.0.0.1", 10259, process_of("kube-scheduler-n1", "kube-scheduler", true)))
      .hold(listener("127.0.0.1", 10249, proxy))
      .hold(listener("::", 10256, proxy))
      .hold(listener("::", 32080, proxy))  // a Service's healthCheckNodePort
      .hold(listener("127.0.0.1", 9099, calico))
      .hold(listener("0.0.0.0", 179, calico))
      .hold(listener("::", 5473, process_of("calico-typha-x", "calico-typha")))
      .hold(listener("::", 9100, process_of("node-exporter-x", "node_exporter")))
      .hold(listener("169.254.20.10", 53, dns))
      .hold(udp("169.254.20.10", 53, dns))
      .hold(listener("::", 9253, dns))
      .hold(listener("::", 9353, dns))
      .hold(connection("10.0.0.1", 40110, "10.0.0.1", 6443, component_owner("kubelet", 600)));
  expect_quiet(scene);
}

TEST(OrdinaryNode, K3sWithItsServiceLoadBalancerIsQuiet) {
  Scene scene = distribution();
  Pod balancer = cni_pod("svclb-traefik-x", "uid-svclb");
  balancer.namespace_ = "kube-system";
  with_port(balancer, 80);
  with_port(balancer, 443);
  scene.add(ready_since(balancer, 1h));
  scene.add(cni_pod("traefik-x", "uid-traefik")).add(cni_pod("coredns-x", "uid-coredns"));
  const Owner k3s = unit_owner("k3s.service", "k3s-server", 700, HolderKind::node_component);
  constexpr std::array<std::uint16_t, 2> kPublic{6443, 10250};
  constexpr std::array<std::uint16_t, 7> kLocal{6444, 10248, 10249, 10256, 10257, 10258, 10259};
  for (const auto port : kPublic) scene.hold(listener("::", port, k3s));
  for (const auto port : kLocal) scene.hold(listener("127.0.0.1", port, k3s));
  scene.hold(listener("127.0.0.1", 10010, component_owner("containerd", 701)));
  Holder flannel = udp("0.0.0.0", 8472, kernel_owner());
  flannel.device = "flannel.1";
  expect_quiet(scene.hold(flannel));
}

TEST(OrdinaryNode, EksIsQuiet) {
  Scene scene = distribution();
  scene.add(ready_host_pod("aws-node-x", {{61678, 8162}}))
      .add(ready_host_pod("kube-proxy-x", {{}}))
      .add(ready_host_pod("ebs-csi-node-x", {{}}));
  run_kubelet(scene);
  const auto cni = process_of("aws-node-x", "aws-k8s-agent");
  const auto proxy = process_of("kube-proxy-x", "kube-proxy");
  const auto agent = unit_owner("amazon-ssm-agent.service", "amazon-ssm-agent", 800);
  scene.hold(listener("::", 61678, cni))
      .hold(listener("127.0.0.1", 61679, cni))
      .hold(listener("127.0.0.1", 50051, cni))
      .hold(listener("127.0.0.1", 50052, cni))
      .hold(listener("::", 8162, cni))
      .hold(listener("::", 8163, cni))
      .hold(listener("0.0.0.0", 10249, proxy))
      .hold(listener("::", 10256, proxy))
      .hold(udp("0.0.0.0", 47123, agent))
      .hold(connection("10.0.0.1", 41822, "52.94.1.1", 443, agent));
  expect_quiet(scene);
}

TEST(OrdinaryNode, CiliumIsQuiet) {
  Scene scene = distribution();
  scene.add(ready_host_pod("cilium-x", {{4244, 9962, 9964}}))
      .add(ready_host_pod("cilium-envoy-x", {{9964}}))
      .add(ready_host_pod("cilium-operator-x", {{9963}}));
  scene.pods.pods[0].containers.front().ports.pop_back();  // envoy has a pod of its own
  run_kubelet(scene);
  const auto agent = process_of("cilium-x", "cilium-agent");
  const auto operator_ = process_of("cilium-operator-x", "cilium-operator");
  const auto envoy = process_of("cilium-envoy-x", "cilium-envoy");
  for (const char* address : {"127.0.0.1", "::1"}) {
    scene.hold(listener(address, 9879, agent));
  }
  scene.hold(listener("::", 4240, agent))
      .hold(listener("::", 4244, agent))
      .hold(listener("127.0.0.1", 9890, agent))
      .hold(listener("::", 9962, agent))
      .hold(listener("127.0.0.1", 39105, agent))  // the DNS proxy
      .hold(listener("127.0.0.1", 9878, envoy))
      .hold(listener("0.0.0.0", 9964, envoy))
      .hold(listener("127.0.0.1", 9234, operator_))
      .hold(listener("127.0.0.1", 9891, operator_))
      .hold(listener("::", 9963, operator_));
  for (const char* address : {"0.0.0.0", "::"}) {
    Holder vxlan = udp(address, 8472, kernel_owner());
    vxlan.device = "cilium_vxlan";
    scene.hold(vxlan);
  }
  Holder wireguard = udp("0.0.0.0", 51871, kernel_owner());
  wireguard.device = "cilium_wg0";
  expect_quiet(scene.hold(wireguard));
}

TEST(OrdinaryNode, WithoutCompleteAttributionItIsQuietToo) {
  Scene scene = distribution();
  scene.table.coverage.every_owner = false;
  scene.add(ready_host_pod("node-exporter-x", {{9100}}));
  scene.hold(listener("::", 9100, unknown_owner())).hold(listener("::", 10250, unknown_owner()));
  expect_quiet(scene);
}

}  // namespace
}  // namespace hostnet
