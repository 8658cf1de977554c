#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

struct NatWalkOptions {
  // The addresses of this machine, sorted. Rules for other addresses are left out;
  // loopback addresses always count. Unset: every rule is reported.
  std::optional<std::vector<IpAddress>> local_addresses;
  // For local addresses, each counted once per listed port: each row costs some KiB.
  std::size_t most_rules = 8'192;
  std::size_t most_steps = 4'000'000;  // alternatives tried
};

struct NatWalk {
  std::vector<NatRule> rules;
  bool complete{true};  // neither limit was reached
};

// Follows every packet from the nat base chains of prerouting and output, in order of
// priority, through the chains that they jump to, as deep as the kernel does. A rule
// after one that certainly took the same packets is left out; rules that differ only in
// the backend that they choose (kube-proxy) are joined. Pure.
NatWalk walk_nat(std::span<const PacketTable* const> tables, const NatWalkOptions& options);
NatWalk walk_nat(const std::vector<PacketTable>& tables, const NatWalkOptions& options);

}  // namespace hostnet
