#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"
#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// The rules that a walk finds, in its order, those that differ only in the backend that they
// choose (kube-proxy) as one.
class RuleCollector {
 public:
  // On how many ports one of the rules is listed: each has a row there.
  std::size_t listed() const { return listed_; }

  // `whole`: what it is about as it is written, whatever earlier rules have of it.
  void add(NatRule rule, const PacketScope& whole, const PacketTable& table);

  // All of them, through join_addresses().
  std::vector<NatRule> joined(const std::function<bool(const PacketScope&)>& is_for_us) &&;

 private:
  bool is_another_backend(const NatRule& rule, const PacketTable& table) const;
  void add_backend(const NatRule& rule);

  std::vector<NatRule> rules_;
  std::vector<PacketScope> whole_;  // of each
  std::size_t listed_{};
  const PacketTable* last_table_{};  // of the last one
};

}  // namespace hostnet
