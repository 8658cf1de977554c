#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

struct NatWalkOptions {
  // The addresses that this machine answers at, sorted. Rules for others are
  // left out; loopback addresses always count. Unset: every rule is told.
  std::optional<std::vector<IpAddress>> local_addresses;
  // About local addresses, each as often as ports list it: each row costs some KiB.
  std::size_t most_rules = 8'192;
  std::size_t most_steps = 4'000'000;  // alternatives tried
};

struct NatWalk {
  std::vector<NatRule> rules;
  bool complete{true};  // neither bound was reached
};

// Follows every packet from the nat base chains of prerouting and output, in the
// order of their priority, through the chains that they jump to, as deep as the
// kernel does. A rule that comes after one that certainly took the same packets
// is left out; rules that differ only in the backend that they choose (kube-proxy)
// are one. Pure.
NatWalk walk_nat(std::span<const PacketTable* const> tables, const NatWalkOptions& options);
NatWalk walk_nat(const std::vector<PacketTable>& tables, const NatWalkOptions& options);

}  // namespace hostnet
