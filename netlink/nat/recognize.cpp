#include "netlink/nat/recognize.h"

#include <algorithm>
#include <string_view>

namespace hostnet {
namespace {

bool passes(const NatRule& rule, std::string_view beginning) {
  return std::ranges::any_of(
      rule.chains, [&](const std::string& chain) { return chain.starts_with(beginning); });
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

void recognize_portmap(NatRule& rule) {
  rule.keeper = NatKeeper::cni_portmap;
  if (rule.table == "cni_hostport") {
    rule.sandbox_id = last_comment(rule);
    return;
  }
  for (const std::string& comment : rule.comments) {
    if (rule.sandbox_id.empty()) rule.sandbox_id = id_in_comment(comment);
  }
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

void recognize_kube_hostport(NatRule& rule) {
  rule.keeper = NatKeeper::cri_hostport;
  for (const std::string& comment : rule.comments) {
    if (rule.pod_uid.empty()) rule.pod_uid = pod_uid_in_comment(comment);
  }
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

void recognize_kube_proxy(NatRule& rule) {
  rule.keeper = NatKeeper::kube_proxy;
  for (const std::string& chain : rule.chains) {
    if (rule.service.empty()) rule.service = service_of_chain(chain);
  }
  for (const std::string& comment : rule.comments) {
    if (rule.service.empty()) rule.service = service_of_comment(comment);
  }
}

}  // namespace

void recognize_keeper(NatRule& rule) {
  if (rule.table == "cni_hostport" || passes(rule, "CNI-DN-") ||
      passes(rule, "CNI-HOSTPORT-DNAT")) {
    recognize_portmap(rule);
  } else if (rule.table == "crio-hostports") {
    rule.keeper = NatKeeper::cri_hostport;
    rule.sandbox_id = last_comment(rule);
  } else if (passes(rule, "KUBE-HOSTPORTS") || passes(rule, "KUBE-HP-")) {
    recognize_kube_hostport(rule);
  } else if (rule.table == "kube-proxy" || passes(rule, "KUBE-NODEPORTS") ||
             passes(rule, "KUBE-SERVICES")) {
    recognize_kube_proxy(rule);
  } else if (passes(rule, "DOCKER")) {
    rule.keeper = NatKeeper::docker;
  }
}

bool keeps_forwarded_ports(const PacketTable& table) {
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
  return rule.keeper == NatKeeper::cni_portmap && rule.prerouting && !rule.scope.local_only &&
         !rule.scope.destination;
}

}  // namespace hostnet
