#include "agent/config/policy.h"

namespace hostnet {

Policy default_policy() {
  constexpr auto kTcp = Protocol::tcp;
  Policy policy;
  // Executables and units, including distributions that combine several components in one.
  policy.node_components = {
      "kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
      "cloud-controller-manager", "etcd", "etcd-*", "aws-iam-authenticator", "kine", "k8s-dqlite",
      "konnectivity-*", "proxy-agent", "containerd", "host-containerd", "containerd-*",
      "soci-snapshotter*", "stargz-snapshotter", "nydus-snapshotter", "crio", "crio-conmon-*",
      "dockerd", "docker", "snap.docker.*", "cri-dockerd", "cri-docker", "cri-resmgr",
      "cri-resource-manager", "k3s", "k3s-*", "rke2", "rke2-*", "k0s", "k0scontroller", "k0sworker",
      "kubelite", "snap.microk8s.*", "snap.k8s.*", "snap.kube*", "snap.etcd.*", "microshift",
      "microshift-etcd", "origin-*", "atomic-openshift-*", "ovs-vswitchd", "ovsdb-server",
      "ovn-controller", "ovn-northd", "flanneld", "flannel.service", "calico-node", "calico-felix",
      "cilium-agent", "antrea-agent", "kube-router", "kube-vip", "hyperkube", "edgecore",
      "cloudcore", "yurthub", "lite-apiserver", "k8e", "vcluster", "localkube", "protokube",
      "gardener-node-agent", "rancher-system-agent", "kube-lb", "pf9-*", "localdns", "node-cache",
      // Units of EKS Auto Mode
      "eks-*", "ipamd", "aws-network-policy-agent", "coredns.service"};
  policy.reserved_ports = {
      {.ports = {6443, 6443}, .protocol = kTcp, .reason = "kube-apiserver"},
      {.ports = {2379, 2380}, .protocol = kTcp, .reason = "etcd clients and peers"},
      {.ports = {10248, 10248}, .protocol = kTcp, .reason = "kubelet health"},
      {.ports = {10249, 10249}, .protocol = kTcp, .reason = "kube-proxy metrics"},
      {.ports = {10250, 10250}, .protocol = kTcp, .reason = "kubelet API"},
      {.ports = {10255, 10255}, .protocol = kTcp, .reason = "kubelet read-only API"},
      {.ports = {10256, 10256}, .protocol = kTcp, .reason = "kube-proxy health"},
      {.ports = {10257, 10257}, .protocol = kTcp, .reason = "kube-controller-manager"},
      {.ports = {10259, 10259}, .protocol = kTcp, .reason = "kube-scheduler"},
      {.ports = {9099, 9099}, .protocol = kTcp, .reason = "calico-node (Felix) health"},
      {.ports = {9890, 9890}, .protocol = kTcp, .reason = "cilium-agent gops"},
      {.ports = {22, 22}, .protocol = kTcp, .reason = "SSH"},
      {.ports = {53, 53}, .reason = "DNS"},
      {.ports = {80, 80}, .protocol = kTcp, .reason = "HTTP"},
      {.ports = {443, 443}, .reason = "HTTPS and HTTP/3"},
  };
  policy.node_port_range = {30000, 32767};
  return policy;
}

}  // namespace hostnet
