#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"
#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// Collects the rules that a walk finds, in its order; rules that differ only in the backend that
// they choose (kube-proxy) become one.
class RuleCollector {
 public:
  // The sum of the ports on which the rules are listed: each has a row there.
  std::size_t listed() const { return listed_; }

  // `whole`: the scope of the rule as written, including packets that earlier rules take.
  void add(NatRule rule, const PacketScope& whole, const PacketTable& table);

  // All of them, through join_addresses().
  std::vector<NatRule> joined(const std::function<bool(const PacketScope&)>& is_for_us) &&;

 private:
  bool is_another_backend(const NatRule& rule, const PacketTable& table) const;
  void add_backend(const NatRule& rule);

  std::vector<NatRule> rules_;
  std::vector<PacketScope> whole_;  // of each rule
  std::size_t listed_{};
  const PacketTable* last_table_{};  // of the last rule
};

}  // namespace hostnet
