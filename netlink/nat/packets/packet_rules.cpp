#include "netlink/nat/packets/packet_rules.h"

#include <fmt/format.h>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

std::string NatTarget::to_string() const {
  std::string ports;
  if (port != 0) ports = fmt::format(":{}", port);
  if (port != 0 && last_port != port) ports += fmt::format("-{}", last_port);
  if (!address) return ports;
  const bool brackets = address->family == AddressFamily::ipv6 && !ports.empty();
  std::string text = address->to_string();
  if (last_address) text += "-" + last_address->to_string();
  return brackets ? "[" + text + "]" + ports : text + ports;
}

std::string_view to_string(NatSource source) {
  switch (source) {
    case NatSource::nf_tables: return "nf_tables";
    case NatSource::ip_tables: return "ip_tables";
    case NatSource::ipvs: break;
  }
  return "ipvs";
}

std::string_view to_string(RuleOwner owner) {
  switch (owner) {
    case RuleOwner::cni_portmap: return "cni_portmap";
    case RuleOwner::cri_hostport: return "cri_hostport";
    case RuleOwner::kube_proxy: return "kube_proxy";
    case RuleOwner::docker: return "docker";
    case RuleOwner::podman: return "podman";
    case RuleOwner::firewalld: return "firewalld";
    case RuleOwner::ufw: return "ufw";
    case RuleOwner::libvirt: return "libvirt";
    case RuleOwner::lxd: return "lxd";
    case RuleOwner::incus: return "incus";
    case RuleOwner::ovn_kubernetes: return "ovn_kubernetes";
    case RuleOwner::calico: return "calico";
    case RuleOwner::kube_router: return "kube_router";
    case RuleOwner::antrea: return "antrea";
    case RuleOwner::cilium: return "cilium";
    case RuleOwner::istio: return "istio";
    case RuleOwner::tailscale: return "tailscale";
    case RuleOwner::other: break;
  }
  return "other";
}

}  // namespace hostnet
