#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// The program that owns a rule, recognized by the names that it gives its tables,
// chains and comments (recognize.h).
enum class RuleOwner {
  other,
  cni_portmap,   // the CNI plugin: hostPorts of Kubernetes, nerdctl and podman
  cri_hostport,  // CRI-O and dockershim: hostPorts
  kube_proxy,    // NodePorts and other Service ports
  docker,        // published ports
  podman,        // published ports (netavark)
  firewalld,
  ufw,
  libvirt,
  lxd,
  incus,
  ovn_kubernetes,
  calico,
  kube_router,
  antrea,
  cilium,
  istio,
  tailscale,
};
std::string_view to_string(RuleOwner owner);  // "cni_portmap", … "other"

enum class NatEffect {
  dnat,
  redirect,  // to a port of this machine
  tproxy,    // to a socket of this machine, which gets them unchanged
  reject,    // connections are refused (IPVS without servers, a filter)
  drop,      // silently discarded (a filter)
};

// Packets in `scope` are sent elsewhere. Rules are in the order in which the kernel
// tries them; none has packets that an earlier one certainly takes.
struct NatRule {
  NatSource source{};
  std::string table;
  bool of_inet{};  // the table is for both families
  // One family; ports and protocol as in the rule (ip_protocol unset: every protocol);
  // destination unset: every address; local_only: this machine's.
  PacketScope scope;
  bool prerouting{}, output{};  // takes arriving packets; this machine's own
  NatEffect effect{};
  bool shadowed{};                  // earlier rules take these packets except from some interfaces
  std::vector<NatTarget> targets;   // backends, at most kMostTargets; empty: unknown
  std::vector<std::string> chains;  // from the base chain to the one with the rule
  std::vector<std::string> comments;  // of the rules and elements on the way
  RuleOwner owner{};
  std::string sandbox_id;  // of cni_portmap: the pod's sandbox; CRI-O: its hash; "" unknown
  std::string pod_uid;     // of CRI-O over iptables: its pod's, or its static pod's hash
  std::string service;     // of kube_proxy: "namespace/name:port" or as much as is known
  // Readable text: "ip nat CNI-DN-05: tcp dport 8000 dnat to 10.0.0.5:80".
  std::string text;
  bool operator==(const NatRule&) const = default;
};
inline constexpr std::size_t kMostTargets = 64;
// Rules for more ports than this are found, but not listed port by port.
inline constexpr unsigned kMostListedPorts = 64;

// The NatRule::text of a rule.
std::string words_of_rule(const NatRule& rule);
// … of the policy of its base chain: "ip filter INPUT: policy drop".
std::string words_of_policy(const NatRule& rule);

}  // namespace hostnet
