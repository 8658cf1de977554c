#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/ports/holder.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The rules that redirect packets for this node's ports elsewhere, at one moment, by port.
// Immutable: many scans share one.
class NatRules {
 public:
  struct Facts {
    std::vector<NatRule> rules;  // in the order in which the kernel tries them
    // All rules of this node were read and understood: a port without a rule here is not forwarded.
    bool complete{};
    // kube-proxy, CNI portmap or a container runtime manages such rules here.
    bool has_forwarder{};
  };
  explicit NatRules(Facts facts);

  const std::vector<NatRule>& rules() const { return facts_.rules; }
  bool complete() const { return facts_.complete; }
  bool has_forwarder() const { return facts_.has_forwarder; }
  // In the kernel's order. Valid as long as this object.
  std::vector<const NatRule*> on_port(Protocol protocol, std::uint16_t port) const;

 private:
  // A rule as one of those for a port.
  struct Listed {
    Protocol protocol{};
    std::uint16_t port{};
    std::uint32_t place{};  // in the rules
    auto operator<=>(const Listed&) const = default;
  };

  Facts facts_;
  std::vector<Listed> by_port_;      // sorted
  std::vector<std::uint32_t> wide_;  // places of rules for too many ports
};

// The agent's protocols that `rule` applies to.
std::vector<Protocol> protocols_of(const NatRule& rule);

// Container id -> UID of its pod; also by CRI-O's hash of the id if a rule uses it.
using PodsByContainer = std::map<std::string, std::string, std::less<>>;
// For containers outside Kubernetes: "nerdctl", "docker"…
using RuntimesByContainer = std::map<std::string, std::string, std::less<>>;

}  // namespace hostnet
