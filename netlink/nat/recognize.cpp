#include "netlink/nat/recognize.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace hostnet {
namespace {

struct OwnName {
  std::string_view begins;
  RuleOwner owner;
};

// Tables of nf_tables that belong to one program.
constexpr auto kTables = std::to_array<OwnName>({
    {"cni_hostport", RuleOwner::cni_portmap},
    {"crio-hostports", RuleOwner::cri_hostport},
    {"kube-proxy", RuleOwner::kube_proxy},
    {"docker-bridges", RuleOwner::docker},
    {"netavark", RuleOwner::podman},
    {"firewalld", RuleOwner::firewalld},
    {"libvirt_network", RuleOwner::libvirt},
    {"lxd", RuleOwner::lxd},
    {"incus", RuleOwner::incus},
    {"ovn-kubernetes", RuleOwner::ovn_kubernetes},
    {"calico", RuleOwner::calico},
    {"kube-router-", RuleOwner::kube_router},
    {"antrea", RuleOwner::antrea},
    {"istio-", RuleOwner::istio},
});

// Chains in shared tables; the first that matches counts.
constexpr auto kChains = std::to_array<OwnName>({
    {"CNI-DN-", RuleOwner::cni_portmap},
    {"CNI-HOSTPORT-", RuleOwner::cni_portmap},
    {"KUBE-HOSTPORTS", RuleOwner::cri_hostport},
    {"KUBE-HP-", RuleOwner::cri_hostport},
    {"KUBE-ROUTER-", RuleOwner::kube_router},
    {"KUBE-NWPLCY-", RuleOwner::kube_router},
    {"KUBE-POD-FW-", RuleOwner::kube_router},
    {"KUBE-", RuleOwner::kube_proxy},
    {"DOCKER", RuleOwner::docker},
    {"NETAVARK-", RuleOwner::podman},
    {"OVN-KUBE-", RuleOwner::ovn_kubernetes},
    {"cali-", RuleOwner::calico},
    {"ANTREA-", RuleOwner::antrea},
    {"CILIUM_", RuleOwner::cilium},
    {"OLD_CILIUM_", RuleOwner::cilium},
    {"ISTIO_", RuleOwner::istio},
    {"ts-", RuleOwner::tailscale},
    {"LIBVIRT_", RuleOwner::libvirt},
    {"ufw-", RuleOwner::ufw},
    {"ufw6-", RuleOwner::ufw},
    // firewalld over iptables: its own chains, and PRE_public_allow of a zone.
    {"PREROUTING_direct", RuleOwner::firewalld},
    {"PREROUTING_ZONES", RuleOwner::firewalld},
    {"PREROUTING_POLICIES", RuleOwner::firewalld},
    {"OUTPUT_direct", RuleOwner::firewalld},
    {"OUTPUT_POLICIES", RuleOwner::firewalld},
    {"PRE_", RuleOwner::firewalld},
});

// Programs whose rules are in the kernel's own chains.
constexpr auto kComments = std::to_array<OwnName>({
    {"generated for LXD ", RuleOwner::lxd},
    {"generated for Incus ", RuleOwner::incus},
});

RuleOwner owner_of(std::span<const OwnName> names, std::string_view name) {
  const auto at =
      std::ranges::find_if(names, [&](const OwnName& own) { return name.starts_with(own.begins); });
  return at == names.end() ? RuleOwner::other : at->owner;
}

RuleOwner owner_of(const NatRule& rule) {
  RuleOwner owner = owner_of(kTables, rule.table);
  for (auto at = rule.chains.rbegin(); owner == RuleOwner::other && at != rule.chains.rend();
       ++at) {
    owner = owner_of(kChains, *at);
  }
  for (const std::string& comment : rule.comments) {
    if (owner == RuleOwner::other) owner = owner_of(kComments, comment);
  }
  return owner;
}

// portmap's: dnat name: "k8s-pod-network" id: "<sandbox>"
std::string id_in_comment(std::string_view comment) {
  constexpr std::string_view kBefore = "id: \"";
  const auto at = comment.find(kBefore);
  if (at == std::string_view::npos) return "";
  comment.remove_prefix(at + kBefore.size());
  return std::string(comment.substr(0, comment.find('"')));
}

std::string last_comment(const NatRule& rule) {
  return rule.comments.empty() ? "" : rule.comments.back();
}

std::string portmap_sandbox(const NatRule& rule) {
  if (rule.table == "cni_hostport") return last_comment(rule);
  std::string id;
  for (const std::string& comment : rule.comments) {
    if (id.empty()) id = id_in_comment(comment);
  }
  return id;
}

// CRI-O's over iptables: "k8s_web_default_<UID>_0 hostport 8080", the sandbox's name.
// Dockershim's has no UID: "web_default hostport 8080".
std::string pod_uid_in_comment(std::string_view comment) {
  constexpr std::string_view kSandbox = "k8s_";
  if (!comment.starts_with(kSandbox)) return "";
  for (int part = 0; part < 3; ++part) {
    const auto end = comment.find('_');
    if (end == std::string_view::npos) return "";
    comment.remove_prefix(end + 1);
  }
  const auto end = comment.find('_');
  return end == std::string_view::npos ? "" : std::string(comment.substr(0, end));
}

std::string pod_uid_of(const NatRule& rule) {
  std::string uid;
  for (const std::string& comment : rule.comments) {
    if (uid.empty()) uid = pod_uid_in_comment(comment);
  }
  return uid;
}

// kube-proxy's nftables chains: external-ULMVA6XW-ns1/svc1/tcp/p80.
std::string service_of_chain(std::string_view chain) {
  for (const std::string_view beginning : {"external-", "service-"}) {
    if (!chain.starts_with(beginning)) continue;
    const auto hash_end = chain.find('-', beginning.size());
    if (hash_end == std::string_view::npos) return "";
    chain.remove_prefix(hash_end + 1);
    const auto name = chain.find('/');
    const auto protocol = chain.find('/', name + 1);
    if (name == std::string_view::npos || protocol == std::string_view::npos) return "";
    const auto port = chain.find('/', protocol + 1);
    std::string service(chain.substr(0, protocol));
    if (port != std::string_view::npos && port + 1 < chain.size()) {
      service.append(":").append(chain.substr(port + 1));
    }
    return service;
  }
  return "";
}

// iptables' comments: "ns1/svc1:p80", "ns1/svc1:p80 cluster IP".
std::string service_of_comment(std::string_view comment) {
  const std::string_view word = comment.substr(0, comment.find(' '));
  return word.find('/') == std::string_view::npos ? "" : std::string(word);
}

std::string service_of(const NatRule& rule) {
  std::string service;
  for (const std::string& chain : rule.chains) {
    if (service.empty()) service = service_of_chain(chain);
  }
  for (const std::string& comment : rule.comments) {
    if (service.empty()) service = service_of_comment(comment);
  }
  return service;
}

}  // namespace

void recognize_owner(NatRule& rule) {
  rule.owner = owner_of(rule);
  if (rule.owner == RuleOwner::cni_portmap) rule.sandbox_id = portmap_sandbox(rule);
  if (rule.owner == RuleOwner::kube_proxy) rule.service = service_of(rule);
  if (rule.owner != RuleOwner::cri_hostport) return;
  if (rule.table == "crio-hostports") {
    rule.sandbox_id = last_comment(rule);
  } else {
    rule.pod_uid = pod_uid_of(rule);
  }
}

bool is_host_port(const NatRule& rule) {
  return rule.owner == RuleOwner::cni_portmap || rule.owner == RuleOwner::cri_hostport;
}

bool is_node_port(const NatRule& rule) {
  switch (rule.owner) {
    case RuleOwner::kube_proxy: return true;
    // Its other rules contain an external IP, or the Service's address.
    case RuleOwner::ovn_kubernetes: return rule.scope.local_only;
    case RuleOwner::antrea:
      return std::ranges::any_of(rule.comments, [](std::string_view comment) {
        return comment.contains("NodePort packets");
      });
    default: return false;
  }
}

bool programs_forwarded_ports(const PacketTable& table) {
  if (table.name == "cni_hostport" || table.name == "crio-hostports" ||
      table.name == "kube-proxy") {
    return true;
  }
  return std::ranges::any_of(table.chains, [](const PacketChain& chain) {
    return chain.name == "CNI-HOSTPORT-DNAT" || chain.name == "KUBE-HOSTPORTS" ||
           chain.name == "KUBE-NODEPORTS" || chain.name == "KUBE-SERVICES";
  });
}

bool is_unguarded(const NatRule& rule) {
  return rule.owner == RuleOwner::cni_portmap && rule.prerouting && !rule.scope.local_only &&
         !rule.scope.destination;
}

}  // namespace hostnet
