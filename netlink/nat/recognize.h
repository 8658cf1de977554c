#pragma once

#include "netlink/nat/nat_rule.h"

namespace hostnet {

// Fills keeper, sandbox_id and service from the names of the table and the
// chains and from the comments. Pure.
void recognize_keeper(NatRule& rule);

// Whether kube-proxy, CNI portmap or a container runtime keeps rules for this
// node's ports in this table: their chains are there, with rules or without.
bool keeps_forwarded_ports(const PacketTable& table);

// A CNI portmap rule that also takes packets that only pass through this
// machine: its chain is jumped to without asking for local addresses
// (CVE-2025-67499, fixed in plugins 1.9.0).
bool is_unguarded(const NatRule& rule);

}  // namespace hostnet
