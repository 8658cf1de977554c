#pragma once

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// Fills owner, sandbox_id, pod_uid and service from the names of the table and the
// chains and from the comments. The innermost chain with an owner decides. Pure.
void recognize_owner(NatRule& rule);

// Whether it forwards a pod's hostPort.
bool is_host_port(const NatRule& rule);
// Whether it forwards a Service's port: kube-proxy's, OVN-Kubernetes' or Antrea's.
bool is_node_port(const NatRule& rule);

// Whether kube-proxy, CNI portmap or a container runtime programs rules for this
// node's ports in this table: their chains exist, with or without rules.
bool programs_forwarded_ports(const PacketTable& table);

// A CNI portmap rule that also takes packets that this machine only forwards: the jump
// to its chain does not check for local addresses (CVE-2025-67499, fixed in plugins
// 1.9.0).
bool is_unguarded(const NatRule& rule);

}  // namespace hostnet
